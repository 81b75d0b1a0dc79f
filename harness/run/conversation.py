"""The conversation with one started predictor: `initialize`, then one batch after the other."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness import keyed
from harness.contract import protocol
from harness.contract.frozen_set import FrozenSet
from harness.contract.protocol import Hello, SentQuestion
from harness.errors import InfrastructureError
from harness.records import Modality, Prediction
from harness.run import pictures, vectors
from harness.run.exchange import Exchange, Picture
from harness.run.journal import AnsweredBatch
from harness.run.plan import Question, QuestionBatch
from harness.sandbox.base import Limits, RunningPredictor
from harness.statistics.embedding_gap import Vectors


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One batch, ready to be sent. questions: by opaque id, in the order asked."""

    number: int
    id: int
    line: bytes
    questions: dict[str, Question]
    pictures: list[Picture]


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The reply to batch `number` of the run. vectors: None where the predictor sends none."""

    number: int
    batch: AnsweredBatch
    vectors: Vectors | None


@dataclass(frozen=True)
class Conversation:
    """A conversation with one predictor about one set."""

    session: RunningPredictor
    frozen: FrozenSet
    modality: Modality
    limits: Limits

    def greet(self, seed: int, most: int, version: int = protocol.VERSION, request: int = 0) -> Hello:
        """Send `initialize` and return the checked reply. most: the largest batch allowed. request: its id."""
        line = protocol.initialize(request, self.modality, seed, most, version)
        self.session.channel.send(line, self.limits.startup_s)
        return protocol.read_hello(self.session.channel.receive(self.limits.startup_s), request, most)

    def ask_one(self, number: int, batch: QuestionBatch, exchange: Exchange) -> AnsweredBatch:
        """Ask a single batch and wait for its reply."""
        (outcome,) = self.ask([(number, batch)], exchange, embeddings=False)
        return outcome.batch

    def ask(
        self, batches: Sequence[tuple[int, QuestionBatch]], exchange: Exchange, embeddings: bool
    ) -> Generator[BatchOutcome]:
        """Ask batches, each with its number in the run, and yield their outcomes. Close this before the exchange.

        While one batch is answered the next is prepared; its pictures are copied while the caller handles the outcome,
        and it is sent only when the caller asks for more.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="ahead") as worker:
            ready = worker.submit(_fill, worker.submit(self._prepare, *batches[0], exchange), exchange)
            for following in (*batches[1:], None):
                request = _result(ready)
                began = time.monotonic()
                self.session.channel.send(request.line, self.limits.batch_s)
                prepared = worker.submit(self._prepare, *following, exchange) if following else None
                reply = self.session.channel.receive(self.limits.batch_s)
                seconds = time.monotonic() - began
                if prepared:
                    ready = worker.submit(_fill, prepared, exchange)
                yield _read(request, reply, seconds, embeddings)

    def _prepare(self, number: int, batch: QuestionBatch, exchange: Exchange) -> BatchRequest:
        """Do everything for a batch but the copying of its pictures."""
        shown = [picture for question in batch for picture in self._pictures(question)]
        paths = [f"{self.session.exchange}/{slot}" for slot in exchange.names(number, len(shown))]
        images = list(zip(paths[::2], paths[1::2], strict=True)) if paths else [(None, None)] * len(batch)
        questions = {keyed.token(exchange.key, "question", question.key): question for question in batch}
        sent = [
            SentQuestion(opaque, question.shown, *image)
            for (opaque, question), image in zip(questions.items(), images, strict=True)
        ]
        request = request_id(exchange.key, number)
        return BatchRequest(number, request, protocol.predict_pairs(request, sent, self.modality), questions, shown)

    def _pictures(self, question: Question) -> list[Picture]:
        """Return the pictures of the first and the second step; none where the modality sends none."""
        if not self.modality.sends_images:
            return []
        paths = [f"{self.frozen.root}/{step.image}" for step in (question.shown.first, question.shown.second)]
        if question.variant in pictures.CHANGED:
            return [pictures.render(Path(path).read_bytes(), question.variant) for path in paths]
        for path in paths:
            _prefetch(path)
        return list(paths)


def request_id(key: bytes, number: int | str) -> int:
    """Return the JSON-RPC id of a request: drawn from the key, so that it tells neither its place nor its pass."""
    return int.from_bytes(keyed.digest(key, "request", number)[:4], "big") >> 1


def _fill(prepared: Future[BatchRequest], exchange: Exchange) -> BatchRequest:
    """Put the pictures of a request into the slots."""
    request = prepared.result()
    exchange.fill(request.number, request.pictures)
    return request


def _result(ready: Future[BatchRequest]) -> BatchRequest:
    try:
        return ready.result()
    except OSError as error:
        where = error.filename or "the exchange folder"
        raise InfrastructureError(f"{where}: {error.strerror}; pictures of the set could not be copied") from None


def _prefetch(path: str) -> None:
    """Let the kernel read a file into the page cache, so that copying it does not wait for a disk."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
    os.close(descriptor)


def _read(request: BatchRequest, line: bytes, seconds: float, embeddings: bool) -> BatchOutcome:
    reply = protocol.read_reply(line, request.id, list(request.questions))
    predictions = tuple(
        Prediction(question.pair.pair_id, reply.p_in_order[opaque], question.variant)
        for opaque, question in request.questions.items()
    )
    sent = [(question.pair.pair_id, reply.embeddings[opaque]) for opaque, question in request.questions.items()]
    return BatchOutcome(
        request.number, AnsweredBatch(predictions, seconds), vectors.decode(sent) if embeddings else None
    )
