"""The journal of a run: one fsynced line per batch, so that a killed run loses at most the batch in flight.

line 1     the identity of the run and its secret key; a run that differs in any part may not resume
line 2     the number of pairs per batch, as the predictor asked for
others     the predictions of one batch, and the seconds from request to reply
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated, BinaryIO

from msgspec import Meta

from harness.contract import decoding
from harness.contract.decoding import Record
from harness.contract.result import Fraction, NonNegative, RunIdentity
from harness.errors import InputError, SubmissionError
from harness.records import Prediction, Variant

KEY_BYTES = 16
VARIANT_MARK = ":"  # between a pair's id, which holds none, and the variant it was asked in


class JournalHeader(Record, frozen=True, kw_only=True):
    """The first line."""

    identity: RunIdentity
    key: Annotated[str, Meta(pattern="^([0-9a-f]{2})+$")]


class JournalBatchSize(Record, frozen=True, kw_only=True):
    """The second line."""

    batch: Annotated[int, Meta(ge=1)]


class JournalLine(Record, frozen=True, kw_only=True):
    """Every other line. predictions: the pair id, with ":variant" unless it is scored, and the probability."""

    predictions: list[tuple[str, Fraction]]
    seconds: NonNegative


@dataclass(frozen=True, slots=True)
class AnsweredBatch:
    """The predictions of one batch, in the order asked. seconds: from request to reply."""

    predictions: tuple[Prediction, ...]
    seconds: float


class Journal:
    """An open journal.

    key: the secret of this run, from which ids and slots are drawn. batches: those answered before.
    batch_size: pairs per batch, as the predictor asked for; None until it has said so.
    """

    def __init__(self, path: Path, identity: RunIdentity, key: bytes | None = None) -> None:
        """Begin a journal, or resume the one that is there. key: the run key to begin with; drawn if it is None.

        Raises:
            InputError: the journal belongs to another run (the message names the part that differs), is damaged, or
                is held by another process.
        """
        with ExitStack() as failed:
            self._stream = failed.enter_context(path.open("a+b"))
            _lock(self._stream, path)
            lines = _whole_lines(self._stream)
            if lines:
                self.key, self.batch_size, self.batches = _read(lines, path, identity)
            else:
                self.key, self.batch_size, self.batches = key or secrets.token_bytes(KEY_BYTES), None, []
                self._write(JournalHeader(identity=identity, key=self.key.hex()))
            failed.pop_all()

    def agree_on(self, batch_size: int) -> None:
        """Settle the number of pairs per batch, once for the whole run: the plan depends on it.

        Raises:
            SubmissionError: the predictor asked for another number when it was started before.
        """
        if self.batch_size is None:
            self._write(JournalBatchSize(batch=batch_size))
            self.batch_size = batch_size
        elif self.batch_size != batch_size:
            raise SubmissionError(
                f"wants {batch_size} pairs at once, and wanted {self.batch_size} when it was started before"
            )

    def append(self, batch: AnsweredBatch) -> None:
        """Make a batch durable: it is on the disk when this returns."""
        rows = [(_name(prediction), prediction.p_in_order) for prediction in batch.predictions]
        self._write(JournalLine(predictions=rows, seconds=batch.seconds))
        self.batches.append(batch)

    def _write(self, record: Record) -> None:
        self._stream.write(decoding.json_line(record).encode())
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


@contextmanager
def unused_journal(path: Path) -> Iterator[None]:
    """Hold a journal, if there is one, so that no evaluation writes it meanwhile.

    Raises:
        InputError: one writes it now.
    """
    try:
        stream = path.open("r+b")
    except FileNotFoundError:
        yield
        return
    with stream:
        _lock(stream, path)
        yield


def _lock(stream: BinaryIO, path: Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"{path}: another evaluation writes here now; wait for it, or name another folder") from None


def _whole_lines(stream: BinaryIO) -> list[bytes]:
    """Return the lines that end in a newline. A line that a kill has cut short is truncated away."""
    stream.seek(0)
    lines = stream.read().splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    stream.truncate(sum(map(len, lines)))
    return lines


def _read(lines: Sequence[bytes], path: Path, identity: RunIdentity) -> tuple[bytes, int | None, list[AnsweredBatch]]:
    try:
        header = decoding.decode(JournalHeader, lines[0], f"{path}:1")
        size = decoding.decode(JournalBatchSize, lines[1], f"{path}:2").batch if len(lines) > 1 else None
        batches = [
            _batch(decoding.decode(JournalLine, line, f"{path}:{number}")) for number, line in enumerate(lines[2:], 3)
        ]
    except (InputError, ValueError) as error:
        raise InputError(f"{error}; the journal is damaged or of another version: begin again with --fresh") from None
    differs = header.identity.difference(identity)
    if differs:
        part, before, now = differs
        raise InputError(
            f"{path}: an unfinished run lies here whose {part} is {before!r}, now it is {now!r}. "
            "Restore it to resume, or begin again with --fresh."
        )
    return bytes.fromhex(header.key), size, batches


def _batch(line: JournalLine) -> AnsweredBatch:
    return AnsweredBatch(tuple(_prediction(name, p) for name, p in line.predictions), line.seconds)


def _name(prediction: Prediction) -> str:
    scored = prediction.variant is Variant.SCORED
    return prediction.pair_id if scored else f"{prediction.pair_id}{VARIANT_MARK}{prediction.variant}"


def _prediction(name: str, p_in_order: float) -> Prediction:
    pair_id, _, variant = name.partition(VARIANT_MARK)
    return Prediction(pair_id, p_in_order, Variant(variant) if variant else Variant.SCORED)
