"""Asking the whole plan: a request out, an answer journaled, the next batch read meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import keyed, pictures, protocol, questions, vectors
from harness.exchange import Exchange
from harness.journal import Entry, Journal
from harness.protocol import Hello, Question
from harness.questions import Batch, Pass
from harness.records import Answer, HarnessError, Modality, Prediction, SubmissionError
from harness.sandbox import lease
from harness.sandbox.base import Launch, Limits, Sandbox, Session
from harness.sandbox.channel import PredictorEndedError
from harness.statistics.embedding_gap import Vectors
from harness.submission import Submission
from harness.testset import FrozenSet
from harness.vectors import VectorFile

SAME = 1e-4  # two answers to one question closer than this agree: a GPU's sums move in the seventh digit
LAST_WORDS = 200  # characters of the predictor's log that a failure quotes
RESTARTS = 1  # a predictor may die once: a driver fault should not cost a night, a habit of dying should
PHASES = {1: "asking", 2: "asking variants"}

Watch = Callable[[str, int, int], None]  # (phase, questions done, questions in all)


@dataclass(frozen=True)
class Order:
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
    canaries: Mapping[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """One start of a predictor: batches answered before it, seconds until it was ready, seconds of asking."""

    at_batch: int
    startup_s: float
    asking_s: float


@dataclass
class Asked:
    """What came of the asking. latencies_s: by batch of the plan. stateful: asked the same again, it said otherwise."""

    predictions: list[Prediction] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    stateful: bool = False


@dataclass(frozen=True)
class Asking:
    """What one evaluation asks with. identity: what must agree for a journal to be resumed."""

    order: Order
    sandbox: Sandbox
    image: str | None
    journal: Path
    identity: Mapping[str, Any]
    log: Path
    watch: Watch
    asked: Asked = field(default_factory=Asked)
    most: int | None = None  # batches of the first pass, for a rehearsal that stops there
    _plans: dict[int, tuple[Pass, ...]] = field(default_factory=dict)  # by the size of a batch

    @property
    def vector_path(self) -> Path:
        """Where the predictor's vectors wait until the run is over."""
        return self.journal.with_suffix(".vectors")

    def run(self) -> None:
        """Ask what the journal does not hold yet, each pass of a fresh predictor; what came of it is in `asked`.

        A predictor that dies is started once more and asked the rest. Raises SubmissionError when it cannot be helped.
        """
        asked, number, restarts = self.asked, 1, RESTARTS
        with Journal(self.journal, self.identity) as journal:
            try:
                while number in PHASES and (number == 1 or self.most is None):
                    try:
                        self._ask_pass(number, journal)
                        number += 1
                    except PredictorEndedError:
                        restarts -= 1
                        if restarts < 0:
                            raise
            finally:
                asked.predictions = [prediction for entry in journal.entries for prediction in entry.predictions]
                asked.latencies_s = [entry.seconds for entry in journal.entries]

    def _plan(self, journal: Journal) -> tuple[Pass, ...]:
        """Nothing before the size of a batch is settled; made once, since 33,000 pairs take half a second."""
        order, batch = self.order, journal.batch
        if batch and batch not in self._plans:
            self._plans[batch] = questions.plan(order.frozen, batch, order.modality, order.probed)
        return self._plans[batch] if batch else ()

    def _ask_pass(self, number: int, journal: Journal) -> None:
        """Start a predictor and ask the rest of one pass, the last journaled batch once more."""
        passes = self._plan(journal)
        answered = len(journal.entries)
        if passes and answered >= sum(len(p.batches) for p in passes[:number]):
            return
        with lease.folder("exchange", os.getpid(), in_memory=True) as folder:
            folder.chmod(0o755)  # the predictor is another user; its view is read-only
            order = self.order
            secret = order.frozen.root.resolve()
            launch = Launch(order.submission, self.image, folder, order.weights, secret, self.log, order.limits)
            self.watch("starting", 0, 0)
            began = time.monotonic()
            with self.sandbox.open(launch) as session:
                try:
                    hello = self._greet(session)
                    journal.agree_on(hello.batch)
                    kept = self._keep_vectors(hello, journal) if number == 1 else None
                    ready = time.monotonic()
                    try:
                        self._ask_batches(session, folder, journal, self._plan(journal), number, kept)
                    finally:
                        self.asked.starts.append(Start(answered, ready - began, time.monotonic() - ready))
                except SubmissionError as error:
                    raise type(error)(f"{error} ({_last_words(session, self.log)})") from None

    def _greet(self, session: Session) -> Hello:
        order, limit = self.order, self.order.submission.resources.batch
        session.channel.send(protocol.initialize(0, order.modality, order.seed, limit), order.limits.startup_s)
        return protocol.read_hello(session.channel.receive(order.limits.startup_s), 0, limit)

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
        self,
        session: Session,
        folder: Path,
        journal: Journal,
        passes: Sequence[Pass],
        number: int,
        kept: VectorFile | None,
    ) -> None:
        """Ask one pass from where the journal ends. Batches are counted over both passes."""
        batches = [batch for p in passes for batch in p.batches]
        first = sum(len(p.batches) for p in passes[: number - 1])
        end = first + len(passes[number - 1].batches[: self.most])
        again = len(journal.entries) - 1
        began = time.monotonic()
        with (
            Exchange(folder, 2 * (journal.batch or 0), journal.key) as exchange,
            ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader,
        ):
            index = max(first, again)
            ahead: Future[list[bytes]] = reader.submit(self._read, batches[index])
            while index < end:
                shown = _result(ahead)
                if index + 1 < end:
                    ahead = reader.submit(self._read, batches[index + 1])
                entry, sent = self._ask_batch(session, exchange, journal.key, index, batches[index], shown, kept)
                if index == again:
                    self.asked.stateful |= not _agree(journal.entries[index].predictions, entry.predictions)
                else:
                    if kept is not None and sent is not None:
                        kept.append(sent)
                    journal.append(entry)
                index += 1
                self.watch(PHASES[number], sum(map(len, batches[:index])), sum(map(len, batches)))
                if time.monotonic() - began > self.order.limits.total_s:
                    raise SubmissionError(f"took over {self.order.limits.total_s:g} s for {index} batches")

    def _ask_batch(
        self,
        session: Session,
        exchange: Exchange,
        key: bytes,
        index: int,
        batch: Batch,
        shown: Sequence[bytes],
        kept: VectorFile | None,
    ) -> tuple[Entry, Vectors | None]:
        """The answers, and the vectors if they are kept. index: the batch's number over both passes, and, one up, the

        request's id.
        """
        limit = self.order.limits.batch_s
        slots = exchange.fill(index, shown) if shown else []
        paths = [f"{session.exchange}/{slot}" for slot in slots]
        images = list(zip(paths[::2], paths[1::2], strict=True)) if paths else [(None, None)] * len(batch)
        ids = {keyed.token(key, "question", ask.key): ask.key for ask in batch}
        sent = [Question(opaque, ask.shown, *image) for opaque, ask, image in zip(ids, batch, images, strict=True)]
        began = time.monotonic()
        session.channel.send(protocol.predict_pairs(index + 1, sent, self.order.modality), limit)
        reply = session.channel.receive(limit)
        seconds = time.monotonic() - began
        entry = Entry(tuple(protocol.read_predictions(reply, index + 1, ids)), seconds)
        return entry, None if kept is None else vectors.read(reply, index + 1, ids)

    def _read(self, batch: Batch) -> list[bytes]:
        """The pictures of a batch, first and second step by turns; none where the modality sends none."""
        if not self.order.modality.sends_images:
            return []
        steps = [(step, ask.variant) for ask in batch for step in (ask.shown.first, ask.shown.second)]
        return [pictures.render(self.order.frozen.picture(step).read_bytes(), variant) for step, variant in steps]


def _result(ahead: Future[list[bytes]]) -> list[bytes]:
    try:
        return ahead.result()
    except OSError as error:
        raise HarnessError(f"{error.filename}: {error.strerror}; the set changed or went away meanwhile") from None


def _agree(before: Sequence[Prediction], after: Sequence[Prediction]) -> bool:
    return all(abs(b.p_in_order - a.p_in_order) <= SAME for b, a in zip(before, after, strict=True))


def _last_words(session: Session, log: Path) -> str:
    """How the predictor stands, and the last line it printed."""
    ending = f"the predictor {session.ending()}"
    session.channel.close()
    lines = log.read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
    return f"{ending}; it last printed {lines[-1][:LAST_WORDS]!r}" if lines else ending
