"""Asking a random part of a finished run again: do the stored answers come back?"""

from __future__ import annotations

import secrets
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from harness import keyed
from harness.contract.bundle import Bundle
from harness.records import Prediction
from harness.run.session import SAME, Asking, Evaluation, Watch
from harness.sandbox.base import Sandbox


@dataclass(frozen=True)
class Agreement:
    """Of `asked` pairs, how many came back with the same label, and within SAME of the same probability."""

    asked: int
    same_label: int
    same_probability: int
    largest_difference: float


def rerun(found: Bundle, order: Evaluation, sandbox: Sandbox, watch: Watch, count: int) -> Agreement:
    """Ask `count` pairs of the set, drawn anew each time, of a fresh predictor, in batches of other composition.

    Raises SubmissionError where the predictor fails. Keeps nothing.
    """
    image = sandbox.prepare(order.submission)
    frozen, drawn = order.frozen, secrets.token_bytes(16)
    sample = {pair.pair_id for pair in keyed.order(frozen.questions, drawn, "rerun", lambda p: p.pair_id)[:count]}
    questions = tuple(pair for pair in frozen.questions if pair.pair_id in sample)
    answers = tuple(answer for answer in frozen.truths if answer.pair_id in sample)
    part = replace(order, frozen=replace(frozen, questions=questions, truths=answers), probed=0)
    with tempfile.TemporaryDirectory(prefix="wikiorder-rerun-") as name:
        log = Path(name) / "log"
        log.touch()
        asking = Asking(part, sandbox, image, Path(name) / "journal", {}, log, watch)
        asking.run()
    return compare(found, asking.asked.predictions)


def compare(found: Bundle, predictions: list[Prediction]) -> Agreement:
    stored = [Prediction(p.pair_id, found.predictions[p.pair_id]) for p in predictions]
    differences = [abs(p.p_in_order - s.p_in_order) for p, s in zip(predictions, stored, strict=True)]
    return Agreement(
        asked=len(predictions),
        same_label=sum(p.label == s.label for p, s in zip(predictions, stored, strict=True)),
        same_probability=sum(difference <= SAME for difference in differences),
        largest_difference=max(differences, default=0.0),
    )
