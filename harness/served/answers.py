"""The answered requests of a run, kept beside its journal, so that a killed run asks only the requests in flight again.

<run>.answers    line 1: the journal it belongs to, and how the server described itself; others: one answer each
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from harness.contract import decoding
from harness.contract.decoding import Record
from harness.contract.result import AnswerCounts, Count, Digest, Fraction
from harness.errors import InputError
from harness.serve_prompt import AnswerKind, LetterAnswer

SYNC_S = 0.2  # seconds between two fsyncs: one takes about 5 ms, and a killed process loses nothing without it
KEPT_TEXT = 200  # characters of an answer's text


class ServerDescription(Record, frozen=True, kw_only=True):
    """A server's description of itself, and whether it returns log-probabilities."""

    about: dict[str, str]
    logprobs: bool


class AnswersHeader(Record, frozen=True, kw_only=True):
    """The first line. journal: SHA-256 of the journal's first line, which holds the identity and key of the run."""

    journal: Digest
    server: ServerDescription


class StoredAnswer(Record, frozen=True, kw_only=True):
    """The answer to one request. key: SHA-256 of the question's id in this run and of the request's content."""

    key: Digest
    kind: AnswerKind
    p_a: Fraction
    log_odds: float | None
    prompt_tokens: Count
    completion_tokens: Count
    text: str

    @property
    def answer(self) -> LetterAnswer:
        return LetterAnswer(self.kind, self.p_a, self.log_odds)


class AnswerFile:
    """The answers so far, by key. Each is written at once, and fsynced before the batch that it belongs to counts."""

    def __init__(self, path: Path, journal: Path, server: ServerDescription) -> None:
        """Begin the file, or resume the one that belongs to the same journal.

        Raises:
            InputError: the file is damaged, or the server describes itself differently than before.
        """
        self.path = path
        self.answers: dict[str, StoredAnswer] = {}
        owner = _digest_of_first_line(journal)
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
        lines = [line for line in lines if line.endswith(b"\n")]
        header = decoding.decode(AnswersHeader, lines[0], f"{path}:1") if lines else None
        if header is not None and header.journal == owner:
            if header.server != server:
                raise InputError(
                    f"{path}: the server describes itself as {server.about}, and when this run began as "
                    f"{header.server.about}. Serve the same model to resume, or begin again with --fresh"
                )
            for number, line in enumerate(lines[1:], 2):
                stored = decoding.decode(StoredAnswer, line, f"{path}:{number}")
                self.answers[stored.key] = stored
            self._stream = path.open("r+b", buffering=0)
            self._stream.truncate(sum(map(len, lines)))  # without a line that a kill has cut short
            self._stream.seek(0, os.SEEK_END)
        else:
            self._stream = path.open("wb", buffering=0)
            self._stream.write(decoding.json_line(AnswersHeader(journal=owner, server=server)).encode())
        self._synced = time.monotonic()

    def append(self, stored: StoredAnswer) -> None:
        """Write one answer; it survives a kill of this process from here on."""
        self._stream.write(decoding.json_line(stored).encode())
        self.answers[stored.key] = stored
        if time.monotonic() - self._synced > SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Make all answers durable."""
        os.fsync(self._stream.fileno())
        self._synced = time.monotonic()

    def close(self) -> None:
        self.sync()
        self._stream.close()


def beside(log: Path) -> tuple[Path, Path]:
    """Return the paths of the answers and of the journal of a run whose log lies at `log`."""
    run = log.parent
    if run.name.endswith(".partial"):
        stem = run.with_name(run.name.removesuffix(".partial"))
        return stem.with_name(stem.name + ".answers"), stem.with_name(stem.name + ".journal")
    return run / "answers", run / "journal"


def count(answers: Sequence[StoredAnswer]) -> AnswerCounts:
    """Return the number of answers of each kind."""
    kinds = [stored.kind for stored in answers]
    return AnswerCounts(
        log_probabilities=kinds.count("log-probabilities"),
        text=kinds.count("text"),
        unreadable=kinds.count("unreadable"),
        refused=kinds.count("refused"),
    )


def _digest_of_first_line(journal: Path) -> str:
    with journal.open("rb") as stream:
        return hashlib.sha256(stream.readline()).hexdigest()
