"""Asking the whole plan: one fresh predictor a pass, each answered batch journaled before the next is sent."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contract.frozen_set import FrozenSet
from harness.contract.protocol import Hello
from harness.contract.submission import Submission
from harness.errors import InfrastructureError, SubmissionError
from harness.records import GroundTruth, Modality, Prediction
from harness.run import plan
from harness.run.conversation import Conversation
from harness.run.exchange import Exchange
from harness.run.journal import Journal
from harness.run.plan import Pass
from harness.run.vectors import VectorFile
from harness.sandbox import lease
from harness.sandbox.base import Launch, Limits, Sandbox, Session
from harness.sandbox.channel import PredictorEndedError
from harness.sandbox.evidence import Usage

SAME = 1e-4  # two answers to one question closer than this agree: a GPU's sums move in the seventh digit
LAST_WORDS = 200  # characters of the predictor's log that a failure quotes
RESTARTS = 1  # a predictor may die once: a driver fault should not cost a night, a habit of dying should
RETRIES = 1  # so may the machine or the engine, for another reason
PAUSE_S = 5.0  # what an engine takes to come back
PHASES = {1: "asking", 2: "asking variants"}

Watch = Callable[[str, int, int], None]  # (phase, questions done, questions in all)


@dataclass(frozen=True)
class Evaluation:
    """What is to be evaluated: a submission, on a set, in one modality, under limits.

    probed: how many pairs are asked again, in variants, of a fresh predictor. canaries: of a hidden set, by pair id.
    """

    submission: Submission
    frozen: FrozenSet
    modality: Modality
    seed: int
    weights: Path | None
    limits: Limits
    probed: int
    canaries: Mapping[str, GroundTruth] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """One start of a predictor: batches answered before it, seconds until it was ready, seconds of asking, its use."""

    at_batch: int
    startup_s: float
    asking_s: float
    usage: Usage


@dataclass(frozen=True)
class Seam:
    """Where a predictor was started again, and what had ended the one before. fault: "submission", "infrastructure"."""

    at_batch: int
    fault: str
    reason: str


@dataclass
class Asked:
    """What came of the asking. latencies_s: by batch of the plan. stateful: asked the same again, it said otherwise.

    libraries: their versions, by the predictor's word.
    """

    predictions: list[Prediction] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    seams: list[Seam] = field(default_factory=list)
    stateful: bool = False
    libraries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asking:
    """What one evaluation asks with. identity: what must agree for a journal to be resumed."""

    order: Evaluation
    sandbox: Sandbox
    image: str | None
    journal: Path
    identity: Mapping[str, Any]
    log: Path
    watch: Watch
    asked: Asked = field(default_factory=Asked)
    pause_s: float = PAUSE_S
    most: int | None = None  # batches of the first pass, for a rehearsal that stops there
    _plans: dict[int, tuple[Pass, ...]] = field(default_factory=dict)  # by the size of a batch

    @property
    def vector_path(self) -> Path:
        """Where the predictor's vectors wait until the run is over."""
        return self.journal.with_suffix(".vectors")

    def run(self) -> None:
        """Ask what the journal does not hold yet, each pass of a fresh predictor; what came of it is in `asked`.

        A predictor that dies is started once more and asked the rest; so it is where the machine or the engine gives
        way, without counting against it. Raises SubmissionError or InfrastructureError when it cannot be helped.
        """
        number, left = 1, {"submission": RESTARTS, "infrastructure": RETRIES}
        while number in PHASES and (number == 1 or self.most is None):
            try:
                self._ask_pass(number)
                number += 1
            except (PredictorEndedError, InfrastructureError, OSError) as error:
                fault = "submission" if isinstance(error, PredictorEndedError) else "infrastructure"
                left[fault] -= 1
                if left[fault] < 0:
                    if isinstance(error, OSError):
                        raise InfrastructureError(_words(error)) from None
                    raise
                self.asked.seams.append(Seam(len(self.asked.latencies_s), fault, _words(error)))
                time.sleep(self.pause_s if fault == "infrastructure" else 0)

    def _plan(self, journal: Journal) -> tuple[Pass, ...]:
        """Nothing before the size of a batch is settled; made once, since 33,000 pairs take half a second."""
        order, batch = self.order, journal.batch
        if batch and batch not in self._plans:
            self._plans[batch] = plan.plan(order.frozen, batch, order.modality, order.probed)
        return self._plans[batch] if batch else ()

    def _ask_pass(self, number: int) -> None:
        """Ask the rest of one pass. The journal is opened anew: what an error has cut short in it goes."""
        with Journal(self.journal, self.identity) as journal:
            try:
                passes = self._plan(journal)
                if not passes or len(journal.entries) < sum(len(p.batches) for p in passes[:number]):
                    self._ask_fresh(number, journal)
            finally:
                self.asked.predictions = [p for entry in journal.entries for p in entry.predictions]
                self.asked.latencies_s = [entry.seconds for entry in journal.entries]

    def _ask_fresh(self, number: int, journal: Journal) -> None:
        """Start a predictor and ask it the rest of one pass, the last journaled batch once more."""
        order, answered = self.order, len(journal.entries)
        with lease.folder("exchange", os.getpid(), in_memory=True) as folder:
            folder.chmod(0o755)  # the predictor is another user; its view is read-only
            secret = order.frozen.root.resolve()
            launch = Launch(order.submission, self.image, folder, order.weights, secret, self.log, order.limits)
            self.watch("starting", 0, 0)
            began = ready = time.monotonic()
            with self.sandbox.open(launch) as session:
                try:
                    talk = Conversation(session, order.frozen, order.modality, order.limits)
                    hello = talk.greet(order.seed, order.submission.resources.batch)
                    journal.agree_on(hello.batch)
                    self.asked.libraries = hello.libraries
                    kept = self._keep_vectors(hello, journal) if number == 1 else None
                    ready = time.monotonic()
                    self._ask_batches(talk, folder, journal, number, kept)
                except SubmissionError as error:
                    self._note(session, answered, began, ready)
                    raise _blame(error, session, self.log) from None
                self._note(session, answered, began, ready)

    def _note(self, session: Session, at_batch: int, began: float, ready: float) -> None:
        asking_s = time.monotonic() - ready if ready > began else 0.0
        self.asked.starts.append(Start(at_batch, max(ready - began, 0.0), asking_s, session.usage()))

    def _keep_vectors(self, hello: Hello, journal: Journal) -> VectorFile | None:
        """Where the vectors of the first pass go, if the predictor sends any; it may not change its mind in a run."""
        sends = hello.embeddings and self.order.modality is Modality.VISION_TEXT
        if sends:
            return VectorFile(self.vector_path, sum(len(entry.predictions) for entry in journal.entries))
        if journal.entries and self.vector_path.exists():
            raise SubmissionError("does not declare `embeddings`, and did when it was started before")
        self.vector_path.unlink(missing_ok=True)
        return None

    def _ask_batches(
        self, conversation: Conversation, folder: Path, journal: Journal, number: int, kept: VectorFile | None
    ) -> None:
        """Ask one pass from where the journal ends. Batches are counted over both passes."""
        passes = self._plan(journal)
        batches = [batch for p in passes for batch in p.batches]
        first = sum(len(p.batches) for p in passes[: number - 1])
        end = first + len(passes[number - 1].batches[: self.most])
        again = len(journal.entries) - 1
        left = [(index, batches[index]) for index in range(max(first, again), end)]
        total, began = sum(map(len, batches)), time.monotonic()
        with (
            Exchange(folder, 2 * (journal.batch or 0), journal.key) as exchange,
            closing(conversation.ask(left, exchange, embeddings=kept is not None)) as answers,
        ):
            for answered in answers:
                if answered.number == again:
                    before = journal.entries[again].predictions
                    self.asked.stateful |= not _agree(before, answered.entry.predictions)
                else:
                    if kept is not None and answered.vectors is not None:
                        kept.append(answered.vectors)
                    journal.append(answered.entry)
                done = answered.number + 1
                self.watch(PHASES[number], sum(map(len, batches[:done])), total)
                if time.monotonic() - began > self.order.limits.total_s:
                    raise SubmissionError(f"took over {self.order.limits.total_s:g} s for {done} batches")


def _agree(before: Sequence[Prediction], after: Sequence[Prediction]) -> bool:
    return all(abs(b.p_in_order - a.p_in_order) <= SAME for b, a in zip(before, after, strict=True))


def _blame(error: SubmissionError, session: Session, log: Path) -> SubmissionError | InfrastructureError:
    """The error with the predictor's last words; or another, where it was ended by somebody else."""
    ending = session.ending()
    if isinstance(error, PredictorEndedError) and ending.outside:
        return InfrastructureError(ending.outside)
    session.channel.close()
    lines = log.read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
    printed = f"; it last printed {lines[-1][:LAST_WORDS]!r}" if lines else ""
    return type(error)(f"{error} (the predictor {ending}{printed})")


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}"
    return str(error)
