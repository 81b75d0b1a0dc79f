"""The journal of a run: one fsynced line a batch, so that a killed run loses at most the batch in flight.

The first line is the run's identity and its secret key. A run that differs in any part of it may not resume.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from harness import files
from harness.records import InputError, Prediction

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered batch. seconds: from request to reply."""

    predictions: tuple[Prediction, ...]
    seconds: float


class Journal:
    """An open journal. key: this run's secret, which names ids and slots. entries: the batches answered before."""

    def __init__(self, path: Path, key: bytes, entries: Sequence[Entry]) -> None:
        self.key = key
        self.entries = list(entries)
        self._stream = path.open("ab")
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{path}: another evaluation writes here now; wait for it, or name another folder"
            ) from None

    @classmethod
    def open(cls, path: Path, identity: Mapping[str, Any]) -> Journal:
        """Begin a journal, or go on with the one that is there; an InputError names the part that differs."""
        lines = _whole_lines(path)
        if not lines:
            key = secrets.token_bytes(KEY_BYTES)
            files.write(path, files.json_line({"identity": identity, "key": key.hex()}).encode())
            return cls(path, key, [])
        header = files.parse_object(lines[0], f"{path}:1")
        found = header.get("identity", {})
        for part, wanted in identity.items():
            if found.get(part) != wanted:
                raise InputError(
                    f"{path}: an unfinished run lies here whose {part} is {found.get(part)!r}, now it is {wanted!r}. "
                    "Restore it to resume, or begin anew with --fresh."
                )
        entries = [_read_entry(files.parse_object(line, f"{path}:{n}")) for n, line in enumerate(lines[1:], 2)]
        _truncate(path, sum(map(len, lines)))
        return cls(path, bytes.fromhex(header["key"]), entries)

    def append(self, entry: Entry) -> None:
        """Make a batch durable: it is on the disk when this returns."""
        record = {"predictions": [[p.pair_id, p.p_in_order] for p in entry.predictions], "seconds": entry.seconds}
        self._stream.write(files.json_line(record).encode())
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self.entries.append(entry)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


def _whole_lines(path: Path) -> list[bytes]:
    """The lines that end in a newline and hold JSON: a kill may have cut the last."""
    if not path.exists():
        return []
    lines = path.read_bytes().splitlines(keepends=True)
    if lines and not _whole(lines[-1]):
        lines.pop()
    return lines


def _whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return line.endswith(b"\n")


def _truncate(path: Path, size: int) -> None:
    with path.open("r+b") as stream:
        stream.truncate(size)


def _read_entry(record: dict[str, Any]) -> Entry:
    return Entry(tuple(Prediction(pair_id, p) for pair_id, p in record["predictions"]), record["seconds"])
