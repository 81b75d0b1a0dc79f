"""Does a predictor keep to the protocol, and do its answers depend on the pair alone? A few pairs tell.

A requirement that must be met ends a run when it is not. One that should be met does not: the result then says how
often answers disagree, and a reader of the board thinks their part.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness import keyed
from harness.contract import protocol
from harness.contract.protocol import SentQuestion
from harness.errors import SubmissionError
from harness.records import StepPair
from harness.run import plan
from harness.run.exchange import Exchange
from harness.run.session import SAME, Evaluation
from harness.sandbox import lease
from harness.sandbox.base import Launch, Sandbox, Session
from harness.sandbox.channel import PredictorEndedError

PAIRS, ALONE = 6, 2  # asked together; of these, asked alone as well
KEY = b"conformance"
OTHER_VERSION = 999

KEEPS = "keeps to the protocol: starts, and answers each pair once, with a probability"
REFUSES = "refuses a version of the protocol that it does not speak"
AGAIN = "answers the same when it is asked the same again"
ORDER = "answers the same when the pairs of a batch come in another order"
COMPANY = "answers the same when a pair is asked alone"
NAMES = "answers the same when the ids are others"
AFRESH = "answers the same when it is started afresh with the same seed"


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement, met or not. must: a run fails without it. reason: why it is not met."""

    requirement: str
    must: bool
    reason: str

    @property
    def met(self) -> bool:
        return not self.reason


Answers = Mapping[str, float]


@dataclass
class Talk:
    """One started predictor, and the requests sent to it so far."""

    order: Evaluation
    session: Session
    exchange: Exchange
    sent: int = field(default=0)

    def ask(self, pairs: Sequence[StepPair], names: str = "one") -> Answers:
        """The probability of each pair. names: which ids they go by."""
        self.sent += 1
        images: list[tuple[str | None, str | None]] = [(None, None)] * len(pairs)
        if self.order.modality.sends_images:
            content = [self.order.frozen.picture(step).read_bytes() for p in pairs for step in (p.first, p.second)]
            slots = [f"{self.session.exchange}/{slot}" for slot in self.exchange.fill(self.sent, content)]
            images = list(zip(slots[::2], slots[1::2], strict=True))
        ids = {keyed.token(KEY, names, pair.pair_id): pair.pair_id for pair in pairs}
        asked = [SentQuestion(name, pair, *shown) for name, pair, shown in zip(ids, pairs, images, strict=True)]
        limit = self.order.limits.batch_s
        self.session.channel.send(protocol.predict_pairs(self.sent, asked, self.order.modality), limit)
        reply = self.session.channel.receive(limit)
        return {p.pair_id: p.p_in_order for p in protocol.read_predictions(reply, self.sent, ids)}

    def greet(self, version: int = protocol.VERSION) -> int:
        """The batch that it wants."""
        order, limit = self.order, self.order.submission.resources.batch
        line = protocol.initialize(0, order.modality, order.seed, limit, version)
        self.session.channel.send(line, order.limits.startup_s)
        return protocol.read_hello(self.session.channel.receive(order.limits.startup_s), 0, limit).batch


def check(order: Evaluation, sandbox: Sandbox, image: str | None, log: Path) -> Iterator[Finding]:
    """Start the predictor three times in the real sandbox, and say of each requirement whether it is met."""
    try:
        with _talk(order, sandbox, image, log) as talk:
            batch = talk.greet()
            (first, *_), *_ = (p.batches for p in plan.plan(order.frozen, batch, order.modality, 0))
            pairs = [question.pair for question in first[:PAIRS]]
            answers = talk.ask(pairs)
            found = {
                AGAIN: talk.ask(pairs),
                ORDER: talk.ask(pairs[::-1]),
                COMPANY: {k: p for pair in pairs[:ALONE] for k, p in talk.ask([pair]).items()},
                NAMES: talk.ask(pairs, "other"),
            }
        with _talk(order, sandbox, image, log) as talk:
            talk.greet()
            found[AFRESH] = talk.ask(pairs)
    except SubmissionError as error:
        yield Finding(KEEPS, True, str(error))
        return
    yield Finding(KEEPS, True, "")
    for requirement, second in found.items():
        yield Finding(requirement, False, difference(answers, second))
    yield Finding(REFUSES, False, _accepts_another_version(order, sandbox, image, log))


def difference(first: Answers, second: Answers) -> str:
    """The pair whose answer moved most, in words; "" where none moved. second: of some of the pairs."""
    pair = max(second, key=lambda pair: abs(first[pair] - second[pair]))
    return "" if abs(first[pair] - second[pair]) <= SAME else f"said {first[pair]:.4f}, then {second[pair]:.4f}"


def _accepts_another_version(order: Evaluation, sandbox: Sandbox, image: str | None, log: Path) -> str:
    with _talk(order, sandbox, image, log) as talk:
        try:
            talk.greet(OTHER_VERSION)
        except PredictorEndedError:
            return ""
        except SubmissionError as error:
            return "" if "reports an error" in str(error) else str(error)
    return f"says hello to protocol {OTHER_VERSION}; reply with an error, and end"


@contextmanager
def _talk(order: Evaluation, sandbox: Sandbox, image: str | None, log: Path) -> Iterator[Talk]:
    with lease.folder("exchange", os.getpid(), in_memory=True) as folder:
        folder.chmod(0o755)  # the predictor is another user; its view is read-only
        secret = order.frozen.root.resolve()
        launch = Launch(order.submission, image, folder, order.weights, secret, log, order.limits)
        with Exchange(folder, 2 * PAIRS, KEY) as exchange, sandbox.open(launch) as session:
            yield Talk(order, session, exchange)
