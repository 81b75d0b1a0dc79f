"""The main road: a submission and a frozen set in, a result bundle out. Read this first.

    verified set -> plan of questions -> asked in a sandbox -> journal -> scores -> bundle, its manifest last

Killed at any point, `evaluate` goes on from the journal and ends in the same predictions and scores.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from harness import __version__
from harness.contract import bundle, protocol, submission
from harness.contract.bundle import Bundle
from harness.contract.checksums import SUMS
from harness.contract.frozen_set import FrozenSet
from harness.errors import InfrastructureError, InputError, SubmissionError
from harness.records import GroundTruth
from harness.run import environment, vectors
from harness.run.judging import SCORING_KEY, judge
from harness.run.plan import VARIANT_MARK
from harness.run.session import Asked, Asking, Evaluation, Watch
from harness.sandbox.base import Sandbox

LOG = "stderr.log"
START = ("at_batch", "startup_s", "asking_s")  # of a predictor; what it used is in environment.json


def evaluate(order: Evaluation, sandbox: Sandbox, results: Path, watch: Watch, fresh: bool = False) -> Bundle:
    """Evaluate one submission in one modality, or read what an earlier, equal run has found.

    A SubmissionError of the predictor ends in a bundle too, of status "failed". Any other error leaves the journal.
    """
    root = bundle.folder(results, order.submission.name, order.frozen, order.modality)
    image, failure = _prepare(order, sandbox)
    identity = identify(order, sandbox.name, image)
    if not fresh and (finished := _finished(root, identity)):
        return finished
    partial, journal = _begin(root, fresh)
    asking = Asking(order, sandbox, image, journal, identity, partial / LOG, watch)
    began = time.monotonic()
    if not failure:
        try:
            asking.run()
        except SubmissionError as error:
            failure = str(error)
        except InfrastructureError as error:
            raise InfrastructureError(f"{error}. {_how_far(asking.asked)}") from None
    watch("scoring", 0, 0)
    _write(asking, failure, partial, time.monotonic() - began)
    _replace(partial, root)
    for path in (journal, asking.vector_path):  # only now: until the bundle stands, they are all there is
        path.unlink(missing_ok=True)
    return bundle.read(root)


def _how_far(asked: Asked) -> str:
    kept = f"{len(asked.predictions)} answers are kept, and the same command goes on from there"
    return f"This is no fault of the submission, and is not held against it; {kept}."


def identify(order: Evaluation, sandbox: str, image: str | None) -> dict[str, Any]:
    """All that the answers depend on. A run may resume another only if these agree."""
    return {
        "set": order.frozen.digest,
        "submission": order.submission.digest,
        "image": image,
        "weights": submission.folder_digest(order.weights) if order.weights else None,
        "modality": order.modality.value,
        "protocol": protocol.VERSION,
        "seed": order.seed,
        "probed": order.probed,
        "sandbox": sandbox,
        "harness": __version__,
    }


def _prepare(order: Evaluation, sandbox: Sandbox) -> tuple[str | None, str]:
    """The image's digest, and why there is none if that is the submission's fault."""
    try:
        return sandbox.prepare(order.submission), ""
    except SubmissionError as error:
        return None, str(error)


def _finished(root: Path, identity: Mapping[str, Any]) -> Bundle | None:
    """The bundle of an earlier run with the same identity; a failed one does not count, since it may be tried again."""
    if not (root / SUMS).is_file():
        return None
    found = bundle.read(root)
    if found.result["status"] == "failed":
        return None
    for part, wanted in identity.items():
        stands = bundle.identity(found.result)[part]
        if stands != wanted:
            raise InputError(
                f"{root}: a finished result lies here whose {part} is {stands!r}, now it is {wanted!r}. "
                "Name another --results folder, or replace it with --fresh."
            )
    return found


def _begin(root: Path, fresh: bool) -> tuple[Path, Path]:
    """The folder and the journal of the run in progress, with whatever an interrupted run has left in them."""
    partial, journal = root.with_name(root.name + ".partial"), root.with_name(root.name + ".journal")
    if fresh:
        shutil.rmtree(partial, ignore_errors=True)
        journal.unlink(missing_ok=True)  # without it, what lies beside it begins anew too
    try:
        partial.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{partial}: {error.strerror}; name a --results folder that can be written") from None
    (partial / LOG).touch()
    return partial, journal


def rescore(found: Bundle, frozen: FrozenSet, canaries: Mapping[str, GroundTruth]) -> Bundle:
    """The same answers under today's scoring: the bundle is written anew, and replaces the old one."""
    answered, probes = found.predictions, found.probes
    judged = judge(frozen, canaries, answered, probes)
    result = found.result | {"scores": judged.scores, "trust": found.result["trust"] | judged.trust}
    result |= {"harness": {"version": __version__}}
    partial = found.root.with_name(found.root.name + ".partial")
    shutil.copytree(found.root, partial, dirs_exist_ok=True)
    bundle.write(partial, result, judged.articles, answered, probes, found.timings)
    _replace(partial, found.root)
    return bundle.read(found.root)


def _replace(partial: Path, root: Path) -> None:
    """Put a finished folder in the place of an older one; a kill in between leaves one of them whole."""
    old = root.with_name(root.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if root.exists():
        root.rename(old)
    partial.rename(root)
    shutil.rmtree(old, ignore_errors=True)


def _write(asking: Asking, failure: str, partial: Path, wall_s: float) -> None:
    """Score what was asked and write the bundle. What a failed run has answered is kept, unscored."""
    order, asked, frozen = asking.order, asking.asked, asking.order.frozen
    probes = [prediction for prediction in asked.predictions if VARIANT_MARK in prediction.pair_id]
    answered = {p.pair_id: p.p_in_order for p in asked.predictions if VARIANT_MARK not in p.pair_id}
    judged = None if failure else judge(frozen, order.canaries, answered, probes)
    weights = submission.folder_digest(order.weights) if order.weights else None
    known = {"stateful": asked.stateful, "probed": order.probed}
    result = bundle.result_json(
        frozen,
        bundle.describe_submission(order.submission, asking.image, weights),
        order.modality,
        order.seed,
        asking.sandbox.isolation(frozen.root).to_json(),
        known | judged.trust if judged else known,
        judged.scores if judged else None,
        failure or None,
    )
    if judged and asking.vector_path.exists():
        found = vectors.add_up(asking.vector_path, frozen, list(answered), SCORING_KEY)
        vectors.save(found, partial)
        result["embeddings"] = found.finish(SCORING_KEY)
    articles = judged.articles if judged else []
    found_at = environment.describe(asked, asking.sandbox.describe(), asked.libraries)
    bundle.write(partial, result, articles, answered, probes, _timings(asked, wall_s), found_at)


def _timings(asked: Asked, wall_s: float) -> dict[str, Any]:
    """When, seconds and pairs per second; harness_share: of the asking time, what was not waiting for the predictor."""
    known: dict[str, Any] = {"finished": datetime.now(UTC).isoformat(timespec="seconds"), "wall_s": round(wall_s, 3)}
    if not asked.latencies_s or not asked.starts:
        return known
    latencies = np.array(asked.latencies_s)
    waited = float(latencies[asked.starts[0].at_batch :].sum())
    asking_s = sum(start.asking_s for start in asked.starts)
    return known | {
        "starts": [{key: round(getattr(start, key), 3) for key in START} for start in asked.starts],
        "batch_s": {f"p{q}": round(float(np.percentile(latencies, q)), 6) for q in (50, 95, 99)},
        "pairs_per_s": round(len(asked.predictions) / float(latencies.sum()), 1),
        "harness_share": round(max(0.0, 1 - waited / asking_s), 4) if asking_s else None,
    }
