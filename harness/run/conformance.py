"""Conformance: a few pairs show whether a predictor follows the protocol, and answers each pair independently.

A requirement that must be met ends a real run when it is not. One that should be met does not: the result then states
how often predictions disagree, for the reader of the board to see.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from harness import keyed
from harness.errors import SubmissionError
from harness.records import StepPair, Variant
from harness.run import plan
from harness.run.conversation import Conversation
from harness.run.exchange import Exchange
from harness.run.plan import Question
from harness.run.session import SAME, Evaluation
from harness.sandbox import lease
from harness.sandbox.base import Sandbox
from harness.sandbox.channel import PredictorEndedError

PAIRS, ALONE = 6, 2  # asked together; of these, asked alone as well
OTHER_VERSION = 999

KEEPS = "keeps to the protocol: starts, and answers each pair once, with a probability"
REFUSES = "refuses a version of the protocol that it does not speak"
AGAIN = "answers the same when it is asked the same again"
ORDER = "answers the same when the pairs of a batch come in another order"
COMPANY = "answers the same when a pair is asked alone"
NAMES = "answers the same when the ids are others"
AFRESH = "answers the same when it is started afresh with the same seed"

Probabilities = Mapping[str, float]  # by pair id


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement, met or not. must: a run fails without it. reason: why it is not met."""

    name: str
    must: bool
    reason: str

    @property
    def met(self) -> bool:
        return not self.reason


@dataclass
class Trial:
    """One started predictor and the two keys by which pairs can be named to it."""

    evaluation: Evaluation
    conversation: Conversation
    exchanges: Mapping[str, Exchange]
    numbers: Iterator[int] = field(default_factory=count)

    def greet(self) -> int:
        """Return the batch size that the predictor wants."""
        return self.conversation.greet(self.evaluation.seed, self.evaluation.submission.resources.batch).batch

    def ask(self, pairs: Sequence[StepPair], naming: str = "one") -> Probabilities:
        """Return the probability of each pair. naming: the key from which ids and slots are drawn."""
        batch = tuple(Question(pair, Variant.SCORED) for pair in pairs)
        answered = self.conversation.ask_one(next(self.numbers), batch, self.exchanges[naming])
        return {prediction.pair_id: prediction.p_in_order for prediction in answered.predictions}


def check(evaluation: Evaluation, sandbox: Sandbox, image: str | None, log: Path) -> Iterator[Requirement]:
    """Start the predictor three times in the real sandbox and yield each requirement, met or not."""
    try:
        with _trial(evaluation, sandbox, image, log) as trial:
            size = trial.greet()
            (first, *_), *_ = (
                p.batches for p in plan.plan(evaluation.frozen, size, evaluation.modality, 0, b"conformance")
            )
            pairs = [question.pair for question in first[:PAIRS]]
            before = trial.ask(pairs)
            after = {
                AGAIN: trial.ask(pairs),
                ORDER: trial.ask(pairs[::-1]),
                COMPANY: {k: p for pair in pairs[:ALONE] for k, p in trial.ask([pair]).items()},
                NAMES: trial.ask(pairs, "other"),
            }
        with _trial(evaluation, sandbox, image, log) as trial:
            trial.greet()
            after[AFRESH] = trial.ask(pairs)
    except SubmissionError as error:
        yield Requirement(KEEPS, True, str(error))
        return
    yield Requirement(KEEPS, True, "")
    for name, second in after.items():
        yield Requirement(name, False, difference(before, second))
    yield Requirement(REFUSES, False, _accepts_another_version(evaluation, sandbox, image, log))


def difference(first: Probabilities, second: Probabilities) -> str:
    """Describe the largest change of a probability; "" where none changed. second: of some of the pairs of first."""
    pair = max(second, key=lambda pair: abs(first[pair] - second[pair]))
    return "" if abs(first[pair] - second[pair]) <= SAME else f"said {first[pair]:.4f}, then {second[pair]:.4f}"


def _accepts_another_version(evaluation: Evaluation, sandbox: Sandbox, image: str | None, log: Path) -> str:
    most = evaluation.submission.resources.batch
    with _trial(evaluation, sandbox, image, log) as trial:
        try:
            trial.conversation.greet(evaluation.seed, most, OTHER_VERSION)
        except PredictorEndedError:
            return ""
        except SubmissionError as error:
            return "" if "reports an error" in str(error) else str(error)
    return f"says hello to protocol {OTHER_VERSION}; reply with an error, and end"


@contextmanager
def _trial(evaluation: Evaluation, sandbox: Sandbox, image: str | None, log: Path) -> Iterator[Trial]:
    with lease.folder("exchange", os.getpid(), in_memory=True) as folder:
        folder.chmod(0o755)  # the predictor is another user; its view is read-only
        keys = {name: keyed.digest(b"conformance", name) for name in ("one", "other")}
        with (
            Exchange(folder, 2 * PAIRS, keys["one"]) as one,
            Exchange(folder, 2 * PAIRS, keys["other"]) as other,
            sandbox.open(evaluation.launch(image, folder, log)) as predictor,
        ):
            talk = Conversation(predictor, evaluation.frozen, evaluation.modality, evaluation.limits)
            yield Trial(evaluation, talk, {"one": one, "other": other})
