"""Control rows: predictions that no submission made, such as a person's or a probe's, written as result bundles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.contract import bundle
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Accuracy, Isolation, SubmissionIdentity, Timings, Trust
from harness.records import GroundTruth, Modality
from harness.run.judging import judge
from harness.run.pipeline import LOG


@dataclass(frozen=True, slots=True)
class ControlRow:
    """A row of the board that is a control.

    isolation: how the predictions came about. log: the text of its `stderr.log`.
    """

    submission: SubmissionIdentity
    modality: Modality
    isolation: Isolation
    log: str


def write(
    row: ControlRow,
    frozen: FrozenSet,
    canaries: Mapping[str, GroundTruth],
    predictions: Mapping[str, float],
    root: Path,
    asked: FrozenSet | None = None,
) -> Accuracy:
    """Score the predictions, write the bundle into the folder `root`, and return the accuracies.

    Args:
        canaries: of a hidden set, by pair id; they are not scored.
        predictions: the probability that each pair is in order, canaries included, by pair id.
        asked: the part of the set that was asked, if it is not all of it. The bundle names the whole set.
    """
    judged = judge(asked or frozen, canaries, predictions, (), Trust(stateful=False, probed=0))
    root.mkdir(parents=True, exist_ok=True)
    (root / LOG).write_text(f"{row.log}\n", encoding="utf-8")
    result = bundle.make_result(
        frozen, row.submission, row.modality, 0, row.isolation, judged.trust, judged.scores, None
    )
    bundle.write(root, result, judged.articles, predictions, (), Timings())
    return judged.scores.accuracy


def control(
    name: str, title: str, authors: list[str], licence: str, digest: str, data: list[str]
) -> SubmissionIdentity:
    """Return the identity of a control that has no image, weights or paper. data: its training data."""
    return SubmissionIdentity(
        name=name,
        title=title,
        kind="control",
        authors=authors,
        licence=licence,
        paper=None,
        parameters=None,
        digest=digest,
        image=None,
        weights=None,
        training_data=data,
    )
