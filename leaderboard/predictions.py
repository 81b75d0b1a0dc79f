"""The predictions-only track: a bundle made of probabilities that somebody sends, from a run that nobody watched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.contract import bundle, files
from harness.contract.frozen_set import FrozenSet
from harness.contract.submission import Submission
from harness.errors import InputError
from harness.records import GroundTruth, Modality, Prediction
from harness.run.judging import judge
from leaderboard.rows import NO_SANDBOX

ISOLATION = {
    "sandbox": NO_SANDBOX,
    "isolated": False,
    "covers": [],
    "exposes": ["everything: only predictions were sent"],
}
UNWATCHED: dict[str, Any] = {"stateful": False, "probed": 0}


def read(path: Path, frozen: FrozenSet) -> dict[str, float]:
    """{"pair_id", "p_in_order"} a line, each pair of the set exactly once; else an InputError that names one."""
    found = list(files.read_records(path, "prediction", lambda row: Prediction(row["pair_id"], row["p_in_order"])))
    wanted = {pair.pair_id for pair in frozen.questions}
    times = Counter(prediction.pair_id for prediction in found)
    _refuse(path, "missing", wanted - times.keys(), len(wanted))
    _refuse(path, "not of this set", times.keys() - wanted, len(wanted))
    _refuse(path, "answered twice", (pair_id for pair_id, count in times.items() if count > 1), len(wanted))
    return {prediction.pair_id: prediction.p_in_order for prediction in found}


def _refuse(path: Path, fault: str, pairs: Iterable[str], wanted: int) -> None:
    at_fault = sorted(pairs)
    if at_fault:
        raise InputError(
            f"{path}: {len(at_fault)} pairs {fault}, such as {at_fault[0][:80]!r}; wanted each of the set's {wanted} "
            "pairs exactly once"
        )


def write(
    results: Path,
    submission: Submission,
    frozen: FrozenSet,
    canaries: Mapping[str, GroundTruth],
    modality: Modality,
    predictions: Mapping[str, float],
) -> Path:
    """Score the predictions and write their bundle, marked as watched by nobody. canaries: of a hidden set."""
    root = bundle.folder(results, submission.name, frozen, modality)
    if root.exists():
        raise InputError(f"{root}: a bundle lies here already; name another --results folder, or remove it")
    judged = judge(frozen, canaries, predictions, [])
    about = bundle.describe_submission(submission, None, None)
    trust = UNWATCHED | judged.trust
    result = bundle.result_json(frozen, about, modality, 0, ISOLATION, trust, judged.scores, None)
    root.mkdir(parents=True)
    bundle.write(root, result, judged.articles, predictions, [], {})
    return root
