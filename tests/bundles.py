"""Result bundles for tests, written as the pipeline writes them but without asking anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.contract import bundle
from harness.contract.frozen_set import FrozenSet
from harness.records import GroundTruth, Modality
from harness.run.judging import SCORING_KEY
from harness.statistics import scoring

ISOLATION = {"sandbox": "docker", "isolated": True, "covers": [], "exposes": []}


def submission(name: str, **changes: Any) -> dict[str, Any]:
    described = {"name": name, "title": name.upper(), "kind": "model", "authors": ["A. Author"], "licence": "MIT"}
    rest = {"paper": None, "parameters": None, "digest": "0" * 64, "image": None, "weights": None, "training_data": []}
    return described | rest | changes


def write(
    results: Path,
    frozen: FrozenSet,
    name: str,
    modality: Modality = Modality.VISION_TEXT,
    predict: Callable[[GroundTruth], float] = lambda answer: float(answer.label),
    failure: str | None = None,
    trust: Mapping[str, Any] | None = None,
) -> Path:
    """Write the bundle of a submission that answers as `predict` does; or of one that failed."""
    root = bundle.folder(results, name, frozen, modality)
    root.mkdir(parents=True)
    predictions = {} if failure else {answer.pair_id: predict(answer) for answer in frozen.truths}
    scores = None if failure else scoring.score(frozen.questions, frozen.truths, predictions, SCORING_KEY)
    described = submission(name)
    result = bundle.result_json(
        frozen, described, modality, 0, ISOLATION, trust or {"stateful": False, "probed": 0}, scores, failure
    )
    articles = bundle.count_articles(frozen, predictions)
    bundle.write(root, result, articles, predictions, [], {})
    return root
