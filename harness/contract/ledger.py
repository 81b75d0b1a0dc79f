"""The ledger of looks at hidden sets: `ledger.jsonl`, append-only, each line with the SHA-256 of the line before it.

Every score that is published about a hidden set tells something about its labels. A **look** is one publication. Scores
are released by the Ladder mechanism (Blum and Hardt 2015): a team's new score is released, rounded to the
step, only if it is better than its best by more than MARGIN steps; otherwise the best is repeated. The step is the
standard error that the set can resolve, so that noise is never published.

Covered: a line that is changed, removed or inserted.
Not covered: lines that are cut off at the end; the board therefore refuses rows and verdicts that its ledger lacks.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import floor, log2, sqrt
from pathlib import Path
from typing import Annotated, NamedTuple

from msgspec import Meta

from harness.contract import decoding
from harness.contract.bundle import ArticleCount
from harness.contract.decoding import Record
from harness.contract.result import Digest, Fraction, Name, Positive
from harness.errors import InputError
from harness.records import Modality

FIRST = "0" * 64  # `previous` of the first line
# Assumed correlation of correctness within an article. The nine rows of the baselines on the sample show 0.28 to 0.42,
# 0.34 on average; the step is then 0.029 there, above each of their standard errors (0.022 to 0.028).
WITHIN_ARTICLE = 0.35
MARGIN = 4  # steps: with fewer, 1,000 adaptive looks recover over 52 % of 1,200 labels (tests/benchmarks/decoders.py)
DIGITS = 6  # of a released score
ROUNDING = 1e-6  # scores are written with six digits


class LedgerLine(Record, frozen=True, kw_only=True):
    """One look. `previous`: SHA-256 of the line before. `bundle`: digest of the public bundle.

    `released`: the score that was published; None for a failed run. `improved`: whether it was a new score, not a
    repetition. `values`: the number of different outcomes that this look could have had, given the looks before.
    """

    previous: Digest
    date: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    team: Name
    set: Digest
    modality: Modality
    submission: Name
    bundle: Digest
    step: Annotated[float, Meta(gt=0, le=1)]
    released: Fraction | None
    improved: bool
    values: Positive


class Release(NamedTuple):
    """The outcome of the Ladder mechanism: the score to publish, and whether it is new. values: see LedgerLine."""

    value: float
    improved: bool
    values: int


class TeamLooks(Record, frozen=True, kw_only=True):
    """The looks that one team had at one set, and the bits of its labels that they gave away at most."""

    team: Name
    looks: Positive
    bits: float


def release(score: float, best: float | None, step: float) -> Release:
    """Return the score to release. best: the team's best released score in this modality, None before its first."""
    top = floor(1 / step + 0.5)  # number of the highest score on the grid
    if best is None:
        return Release(_on_grid(score, step), True, top + 1)
    values = 1 + max(
        0, top - round(best / step) - MARGIN + 1
    )  # each score that would be released, or the same one again
    improved = score - best > MARGIN * step + ROUNDING
    return Release(_on_grid(score, step) if improved else best, improved, values)


def resolution(articles: Sequence[ArticleCount]) -> float:
    """Return the standard error of the macro accuracy that a set can resolve, from its design alone.

    It is that of accuracy 0.5 with pairs that correlate by WITHIN_ARTICLE within an article. It does not depend on any
    answer, so publishing it tells nothing.
    """
    pairs: Counter[str] = Counter()
    squares: Counter[str] = Counter()
    for count in articles:
        pairs[count.category] += count.asked
        squares[count.category] += count.asked**2
    variances = [
        0.25 * (1 + WITHIN_ARTICLE * (squares[name] / pairs[name] - 1)) / pairs[name] for name in sorted(pairs)
    ]
    return round(sqrt(sum(variances)) / len(variances), DIGITS)


def read(path: Path) -> list[LedgerLine]:
    """Return every line of a ledger after checking the whole chain; none if there is no such file.

    Raises:
        InputError: a line is malformed, or does not follow the line before it; the message names it by number.
    """
    content = path.read_bytes() if path.is_file() else b""
    return _check(content, path)


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """Yield the ledger, locked against other writers; it is created if it is absent.

    Raises:
        InputError: the chain is broken, or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+b")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a ledger that can be written") from None
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        yield Ledger(path, _check(stream.read(), path), stream.fileno())


class Ledger:
    """A locked ledger: its lines, and the only way to add one."""

    def __init__(self, path: Path, lines: list[LedgerLine], descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        self.lines = lines

    @property
    def head(self) -> str:
        """Return the SHA-256 of the last line."""
        return head(self.lines)

    def append(self, line: LedgerLine) -> None:
        """Add a line and wait until it is on the disk.

        Raises:
            InputError: the line does not follow the last one.
        """
        if line.previous != self.head:
            raise InputError(f"{self._path}: the new line does not follow the last one; read the ledger again")
        os.write(self._descriptor, decoding.json_line(line).encode())
        os.fsync(self._descriptor)
        self.lines.append(line)


def head(lines: Sequence[LedgerLine]) -> str:
    """Return the SHA-256 of the last line; FIRST of an empty ledger."""
    return line_digest(lines[-1]) if lines else FIRST


def line_digest(line: LedgerLine) -> str:
    """Return the SHA-256 of a line as it is written, without its newline."""
    return hashlib.sha256(decoding.json_line(line).rstrip("\n").encode()).hexdigest()


def best_of(lines: Sequence[LedgerLine], team: str, digest: str, modality: Modality) -> float | None:
    """Return the best score that was released to a team on a set in a modality; None before the first."""
    found = [
        line.released
        for line in lines
        if (line.team, line.set, line.modality) == (team, digest, modality) and line.released is not None
    ]
    return max(found, default=None)


def looks(lines: Sequence[LedgerLine], digest: str) -> list[TeamLooks]:
    """Return the looks of every team at one set, most looks first. All modalities count: their labels are the same."""
    counts: Counter[str] = Counter()
    bits: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        if line.set == digest:
            counts[line.team] += 1
            bits[line.team] += log2(line.values)
    order = sorted(counts, key=lambda team: (-counts[team], team))
    return [TeamLooks(team=team, looks=counts[team], bits=round(bits[team], 1)) for team in order]


def _on_grid(score: float, step: float) -> float:
    return round(min(1.0, round(score / step) * step), DIGITS)


def _check(content: bytes, path: Path) -> list[LedgerLine]:
    lines: list[LedgerLine] = []
    for number, text in enumerate(content.splitlines(keepends=True), 1):
        where = f"{path}:{number}"
        line = decoding.decode(LedgerLine, text, where)
        if text != decoding.json_line(line).encode():
            raise InputError(f"{where}: not written as the ledger writes lines; restore the ledger from its history")
        if line.previous != head(lines):
            raise InputError(
                f"{where}: follows line {line.previous[:12]}…, but the line before is {head(lines)[:12]}…; a line was "
                "changed, removed or inserted. Restore the ledger from its history"
            )
        lines.append(line)
    return lines
