"""How long is `wikiorder dataset verify` against `sha256sum -c` with as many workers? How does it grow?

    python -m tests.benchmarks.verifying

Folders of files of 20 KB, named as a frozen set names its pictures, in the page cache. Ours is the whole command, from
the start of Python; `sha256sum -c` reads the same SHA256SUMS, cut into as many parts, all at once.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.contract import checksums, frozen_set
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Size, at_most, compared, timed
from tests.benchmarks.startup import SCRIPT

PICTURE_BYTES = 20_000
FILES = {Size.TINY: (20,), Size.QUICK: (1_000, 3_000, 10_000), Size.FULL: (1_000, 3_000, 10_000, 30_000, 100_000)}
REPEATS = {Size.TINY: 1, Size.QUICK: 7, Size.FULL: 7}
WORKERS = len(os.sched_getaffinity(0))


def folder(root: Path, count: int) -> Path:
    """A sealed folder of so many pictures."""
    draw = random.Random(count)
    for _ in range(count):
        frozen_set.store_picture(root, draw.randbytes(PICTURE_BYTES), ".jpg")
    checksums.seal(root, frozen_set.digest_in_name)
    return root


def ours(root: Path) -> set[str]:
    """The names of the files that our command finds altered."""
    command = [sys.executable, "-c", SCRIPT, "dataset", "verify", root]
    lines = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {line.partition(":")[0] for line in lines.splitlines() if ": altered" in line}


def theirs(root: Path, parts: list[Path]) -> set[str]:
    """The same by sha256sum, a process for each part of the list."""
    command = ["sha256sum", "--check", "--quiet"]
    options = {"cwd": root, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    running = [subprocess.Popen([*command, part], **options) for part in parts]
    found = "".join(process.communicate()[0] for process in running)
    return {line.partition(":")[0] for line in found.splitlines() if line.endswith(": FAILED")}


def parts(root: Path, into: Path) -> list[Path]:
    """The folder's SHA256SUMS, dealt to as many files as there are workers."""
    lines = (root / checksums.SUMS).read_text().splitlines(keepends=True)
    made = [into / f"{root.name}-{number}" for number in range(WORKERS)]
    for number, path in enumerate(made):
        path.write_text("".join(lines[number::WORKERS]))
    return made


def rows(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        for count in FILES[size]:
            root = folder(Path(name) / f"{count}", count)
            dealt = parts(root, Path(name))
            yield compared(
                f"dataset verify, {count:,} pictures",
                f"sha256sum -c, {WORKERS} at once",
                timed(lambda root=root: ours(root)),
                timed(lambda root=root, dealt=dealt: theirs(root, dealt)),
                aim=at_most(1.1),
                repeats=REPEATS[size],
                agree=set.__eq__,
                limit="hashing; below 10,000 pictures, the start of Python",
                curve="dataset verify",
                size=count,
            )


if __name__ == "__main__":
    measuring.main(rows, __doc__)
