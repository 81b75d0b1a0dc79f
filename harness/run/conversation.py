"""What is said with one started predictor: hello, then one batch after the other."""

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
from harness.records import Modality
from harness.run import pictures, vectors
from harness.run.exchange import Exchange, Picture
from harness.run.journal import Entry
from harness.run.plan import Batch, Question
from harness.sandbox.base import Limits, Session
from harness.statistics.embedding_gap import Vectors


@dataclass(frozen=True, slots=True)
class Request:
    """One batch, ready to be sent. ids: what the journal calls each opaque id."""

    number: int
    line: bytes
    ids: dict[str, str]
    pictures: list[Picture]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back of one batch. vectors: None where none are kept."""

    number: int
    entry: Entry
    vectors: Vectors | None


@dataclass(frozen=True)
class Conversation:
    """With one predictor, about one set. key: of this run alone; it names ids and slots."""

    session: Session
    frozen: FrozenSet
    modality: Modality
    limits: Limits

    def greet(self, seed: int, most: int) -> Hello:
        """most: pairs in a batch."""
        self.session.channel.send(protocol.initialize(0, self.modality, seed, most), self.limits.startup_s)
        return protocol.read_hello(self.session.channel.receive(self.limits.startup_s), 0, most)

    def ask(self, batches: Sequence[tuple[int, Batch]], exchange: Exchange, embeddings: bool) -> Generator[Answered]:
        """Ask batches, each with its number in the run; close this before the exchange.

        A batch is prepared while the one before is answered, its pictures are copied while that answer is dealt with,
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

    def _prepare(self, number: int, batch: Batch, exchange: Exchange) -> Request:
        """All of a batch but the copying of its pictures."""
        shown = [picture for ask in batch for picture in self._pictures(ask)]
        paths = [f"{self.session.exchange}/{slot}" for slot in exchange.names(number, len(shown))]
        images = list(zip(paths[::2], paths[1::2], strict=True)) if paths else [(None, None)] * len(batch)
        ids = {keyed.token(exchange.key, "question", ask.key): ask.key for ask in batch}
        asked = [SentQuestion(opaque, ask.shown, *image) for opaque, ask, image in zip(ids, batch, images, strict=True)]
        return Request(number, protocol.predict_pairs(number + 1, asked, self.modality), ids, shown)

    def _pictures(self, ask: Question) -> list[Picture]:
        """Of the first and of the second step; none where the modality sends none."""
        if not self.modality.sends_images:
            return []
        paths = [f"{self.frozen.root}/{step.image}" for step in (ask.shown.first, ask.shown.second)]
        if ask.variant in pictures.CHANGED:
            return [pictures.render(Path(path).read_bytes(), ask.variant) for path in paths]
        for path in paths:
            _fetch(path)
        return list(paths)


def _fill(prepared: Future[Request], exchange: Exchange) -> Request:
    """Put a request's pictures into the slots."""
    request = prepared.result()
    exchange.fill(request.number, request.pictures)
    return request


def _result(ready: Future[Request]) -> Request:
    try:
        return ready.result()
    except OSError as error:
        where = error.filename or "the exchange folder"
        raise InfrastructureError(f"{where}: {error.strerror}; pictures of the set could not be copied") from None


def _fetch(path: str) -> None:
    """Have the kernel read a file into memory, so that copying it will not wait for a disk."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
    os.close(descriptor)


def _read(request: Request, reply: bytes, seconds: float, embeddings: bool) -> Answered:
    number = request.number + 1
    entry = Entry(tuple(protocol.read_predictions(reply, number, request.ids)), seconds)
    return Answered(request.number, entry, vectors.read(reply, number, request.ids) if embeddings else None)
