"""Asking a random sample of a finished run again, to see whether the stored predictions come back."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import keyed
from harness.contract.bundle import Bundle
from harness.records import Prediction, predicted_label
from harness.run.session import SAME, Evaluation, EvaluationSession, Watch
from harness.sandbox.base import Sandbox


@dataclass(frozen=True)
class Agreement:
    """Of `asked` pairs, the number that came back with the same label, and within SAME of the same probability."""

    asked: int
    same_label: int
    same_probability: int
    largest_difference: float


def rerun(found: Bundle, evaluation: Evaluation, sandbox: Sandbox, watch: Watch, count: int) -> Agreement:
    """Ask `count` randomly drawn pairs of the set of a fresh predictor, in batches of other composition; keep nothing.

    Raises:
        SubmissionError: the predictor failed.
    """
    image = sandbox.prepare(evaluation.submission)
    frozen, drawn = evaluation.frozen, secrets.token_bytes(16)
    sample = {pair.pair_id for pair in keyed.order(frozen.questions, drawn, "rerun", lambda p: p.pair_id)[:count]}
    questions = tuple(pair for pair in frozen.questions if pair.pair_id in sample)
    truths = tuple(truth for truth in frozen.truths if truth.pair_id in sample)
    part = replace(evaluation, frozen=replace(frozen, questions=questions, truths=truths), varied=0)
    with tempfile.TemporaryDirectory(prefix="wikiorder-rerun-") as name:
        log = Path(name) / "log"
        log.touch()
        session = EvaluationSession(part, sandbox, image, Path(name) / "journal", log, watch)
        session.run()
    return compare(found, session.transcript.predictions)


def compare(found: Bundle, predictions: Sequence[Prediction]) -> Agreement:
    """Compare new predictions with the stored ones."""
    stored = [found.predictions[p.pair_id] for p in predictions]
    differences = [abs(p.p_in_order - before) for p, before in zip(predictions, stored, strict=True)]
    return Agreement(
        asked=len(predictions),
        same_label=sum(p.label == predicted_label(before) for p, before in zip(predictions, stored, strict=True)),
        same_probability=sum(difference <= SAME for difference in differences),
        largest_difference=max(differences, default=0.0),
    )
