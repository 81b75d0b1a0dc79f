"""Result bundles for tests, written as the pipeline writes them but without asking anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.contract import bundle, decoding
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Isolation, SubmissionIdentity, Timings, Trust
from harness.records import GroundTruth, Modality
from harness.run.judging import SCORING_KEY
from harness.statistics import scoring

ISOLATION = Isolation(sandbox="docker", isolated=True, covers=(), exposes=())


def submission(name: str, **changes: Any) -> SubmissionIdentity:
    described = {"name": name, "title": name.upper(), "kind": "model", "authors": ["A. Author"], "licence": "MIT"}
    rest = {"paper": None, "parameters": None, "digest": "0" * 64, "image": None, "weights": None, "training_data": []}
    return decoding.convert(SubmissionIdentity, described | rest | changes, "a test")


def write(
    results: Path,
    frozen: FrozenSet,
    name: str,
    modality: Modality = Modality.VISION_TEXT,
    predict: Callable[[GroundTruth], float] = lambda truth: float(truth.label),
    failure: str | None = None,
    trust: Trust | None = None,
) -> Path:
    """Write the bundle of a submission that answers as `predict` does; or of one that failed."""
    root = bundle.folder(results, name, frozen, modality)
    root.mkdir(parents=True)
    predictions = {} if failure else {truth.pair_id: predict(truth) for truth in frozen.truths}
    scores = None if failure else scoring.score(frozen.questions, frozen.truths, predictions, SCORING_KEY)
    described = submission(name)
    known = trust or Trust(stateful=False, probed=0)
    result = bundle.make_result(frozen, described, modality, 0, ISOLATION, known, scores, failure)
    articles = bundle.count_articles(frozen, predictions)
    bundle.write(root, result, articles, predictions, [], Timings())
    return root
