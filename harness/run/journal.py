"""The journal of a run: one fsynced line a batch, so that a killed run loses at most the batch in flight.

The first line is the run's identity and its secret key. A run that differs in any part of it may not resume.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from harness.contract import files
from harness.errors import InputError, SubmissionError
from harness.records import Prediction

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered batch. seconds: from request to reply."""

    predictions: tuple[Prediction, ...]
    seconds: float


class Journal:
    """An open journal. key: this run's secret, which names ids and slots. entries: the batches answered before.

    batch: pairs in a batch, as the predictor asked for; None until it was first heard.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        """Begin a journal, or go on with the one that is there; an InputError names the part that differs."""
        self._stream = path.open("a+b")
        try:
            _lock(self._stream, path)
            lines = _whole_lines(self._stream)
            if lines:
                self.key, self.batch, self.entries = _read(lines, path, identity)
            else:
                self.key, self.batch, self.entries = secrets.token_bytes(KEY_BYTES), None, []
                self._write({"identity": identity, "key": self.key.hex()})
        except BaseException:
            self._stream.close()
            raise

    def agree_on(self, batch: int) -> None:
        """Settle how many pairs a batch holds, once for the whole run: the plan depends on it."""
        if self.batch is None:
            self._write({"batch": batch})
            self.batch = batch
        elif self.batch != batch:
            raise SubmissionError(f"wants {batch} pairs at once, and wanted {self.batch} when it was started before")

    def append(self, entry: Entry) -> None:
        """Make a batch durable: it is on the disk when this returns."""
        self._write({"predictions": [[p.pair_id, p.p_in_order] for p in entry.predictions], "seconds": entry.seconds})
        self.entries.append(entry)

    def _write(self, record: Mapping[str, Any]) -> None:
        self._stream.write(files.json_line(record).encode())
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


def _lock(stream: BinaryIO, path: Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"{path}: another evaluation writes here now; wait for it, or name another folder") from None


def _whole_lines(stream: BinaryIO) -> list[bytes]:
    """The lines that end in a newline; a kill may have cut one short, which is cut off here."""
    stream.seek(0)
    lines = stream.read().splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    stream.truncate(sum(map(len, lines)))
    return lines


def _read(lines: Sequence[bytes], path: Path, identity: Mapping[str, Any]) -> tuple[bytes, int | None, list[Entry]]:
    header, *records = (files.parse_object(line, f"{path}:{number}") for number, line in enumerate(lines, 1))
    try:
        for part, wanted in identity.items():
            if header["identity"][part] != wanted:
                raise InputError(
                    f"{path}: an unfinished run lies here whose {part} is {header['identity'][part]!r}, "
                    f"now it is {wanted!r}. Restore it to resume, or begin anew with --fresh."
                )
        batch = _pairs(records.pop(0)["batch"]) if records else None
        entries = [
            Entry(tuple(Prediction(pair_id, p) for pair_id, p in record["predictions"]), float(record["seconds"]))
            for record in records
        ]
        return bytes.fromhex(header["key"]), batch, entries
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: no journal of this version ({error!r}); begin anew with --fresh") from None


def _pairs(batch: Any) -> int:
    if type(batch) is not int or batch < 1:
        raise ValueError(f"a batch of {batch!r} pairs")
    return batch
