"""Result bundles for tests: written by their owner, with counts that a reader can follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.contract import bundle, decoding
from harness.contract.bundle import ArticleCount
from harness.contract.decoding import to_json
from harness.contract.result import Result, Scores, Timings
from harness.run.judging import SCORING_KEY
from harness.statistics import scoring, tally

DIGEST = "ab" * 32
# 12 articles of 10 pairs: what a middling model gets right.
MIDDLING = {"Health": (6, 7, 8, 5, 6, 7), "Travel": (7, 8, 6, 7, 5, 9)}


def result(name: str, scores: Scores | None = None, **changes: Any) -> Result:
    """result.json of a failed run, or a scored one; a dict in `changes` is merged into the one it changes."""
    record: dict[str, Any] = {
        "format": 1,
        "status": "scored" if scores else "failed",
        "failure": None if scores else {"fault": "submission", "reason": "answers 3 of 4 pairs"},
        "set": {
            "name": "tiny",
            "version": "1.0",
            "subset": "test",
            "digest": DIGEST,
            "visibility": "public",
            "pairs": 120,
        },
        "submission": {
            "name": name,
            "title": name.title(),
            "kind": "model",
            "authors": ["Ada"],
            "licence": "Apache-2.0",
            "paper": None,
            "parameters": 1_500_000,
            "digest": DIGEST,
            "image": None,
            "weights": None,
            "training_data": [],
        },
        "modality": "vision+text",
        "protocol": 1,
        "seed": 7,
        "harness": {"version": "0.1.0"},
        "isolation": {"sandbox": "docker", "isolated": True, "covers": ["network"], "exposes": []},
        "trust": {"stateful": False, "probed": 0},
        "scores": to_json(scores),
    }
    for key, change in changes.items():
        record[key] = {**record[key], **change} if isinstance(change, dict) and record[key] else change
    return decoding.convert(Result, record, "a test")


def write(
    results: Path, name: str, correct: Mapping[str, Sequence[int]] | None = None, asked: int = 10, **changes: Any
) -> Path:
    """A bundle whose articles, `asked` pairs each, got `correct` right by category; a failed one without counts."""
    counts = [
        ArticleCount(f"{category}-{number:04d}", category, right, asked)
        for category, rights in (correct or {}).items()
        for number, right in enumerate(rights)
    ]
    scores = Scores(accuracy=scoring.accuracy(tally.of_articles(counts), SCORING_KEY)) if counts else None
    record = result(name, scores, **changes)
    if counts and "pairs" not in changes.get("set", {}):
        canaries = changes.get("trust", {}).get("canaries", {}).get("asked", 0)
        pairs = sum(count.asked for count in counts) + canaries
        record = replace(record, set=replace(record.set, pairs=pairs))
    of = record.set
    root = results / record.submission.name / f"{of.name}-{of.version}-{of.subset}" / record.modality.folder
    root.mkdir(parents=True)
    bundle.write(root, record, counts, {}, [], Timings())
    return root


def rewrite(root: Path, record: Result) -> None:
    """Put another result into a bundle and seal it again."""
    bundle.write(root, record, bundle.read(root).articles, {}, [], Timings())


replace = msgspec.structs.replace
