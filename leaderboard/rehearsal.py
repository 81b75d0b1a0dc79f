"""The comment on a pull request: Markdown made of numbers alone, from results that a stranger's code may have written.

Nothing that can hold free text is shown. A submission's name has a pattern without any character that means something
in Markdown, a failure becomes one of a few words, and all else is numbers, digests and enumerations. Files that are too
large or do not decode as a `Result` are counted, not quoted. The names of folders are never used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import UNSET

from harness.contract import decoding
from harness.contract.publication import failure_word
from harness.contract.result import Result
from harness.errors import InputError
from leaderboard import markdown

MARKER = "<!-- wikiorder rehearsal -->"  # the first line, by which the comment is found again and updated
FILE = "result.json"
MOST_FILES = 50
MOST_BYTES = 1_000_000  # of one file; a result on the full set has about 40,000
DIGEST_SHOWN = 12
LARGEST = 10**9  # a number of pairs above this is no number of pairs

HEAD = f"""\
{MARKER}
### Rehearsal

Accuracy in percent, with its 95 % interval. These are the numbers that the rehearsal wrote; they are not verified.
"""
NOTHING = "No result could be read. The log of the run shows why.\n"


class Gathered(NamedTuple):
    """The results that decode, and the number of files that do not."""

    results: list[Result]
    unreadable: int


def comment(folder: Path) -> str:
    """Return the comment for the result files below a folder, which may hold anything."""
    found = gather(folder)
    lines = sorted(_cells(result) for result in found.results)
    table = markdown.grid(("submission", "modality", "set", "macro", "pairs", "isolated", "outcome"), lines)
    unread = f"\n{found.unreadable} files could not be read as results.\n" if found.unreadable else ""
    return f"{HEAD}\n{table if lines else NOTHING}{unread}"


def gather(folder: Path) -> Gathered:
    """Decode every `result.json` below a folder. Links are not followed."""
    results, unreadable = [], 0
    for number, path in enumerate(_files(folder)):
        if number >= MOST_FILES or path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            unreadable += 1
            continue
        try:
            results.append(decoding.decode(Result, path.read_bytes(), FILE))
        except InputError:
            unreadable += 1
    return Gathered(results, unreadable)


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        if FILE in names:
            yield Path(root, FILE)


def _cells(result: Result) -> list[str]:
    accuracy = result.scores.accuracy if result.scores else None
    outcome = failure_word(result.failure.reason) if result.failure else "scored"
    pairs = accuracy.micro.pairs if accuracy else None
    return [
        f"`{result.submission.name}`",
        result.modality.value,
        f"`{result.set.digest[:DIGEST_SHOWN]}`",
        markdown.percent(accuracy.macro) if accuracy else "",
        "" if pairs is None or pairs > LARGEST else str(pairs),
        "yes" if result.isolation.isolated else "no",
        outcome if result.released is UNSET else "released",
    ]
