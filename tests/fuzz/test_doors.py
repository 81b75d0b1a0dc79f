"""Whatever a file holds, reading it ends: in records, or in one line that says what is wrong. Never in a traceback.

pytest tests/fuzz        forty files for each door and kind of damage, the same each time
make fuzz MINUTES=10     as many as ten minutes allow, shared out alike, others each time
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, seed, settings

from harness.errors import WikiOrderError
from submissions.shared.settings import RecipeError
from tests.fuzz import mutations
from tests.fuzz.door import Door
from tests.fuzz.doors import DOORS

ENDINGS = (WikiOrderError, RecipeError)
EXAMPLE_S = 10  # one file; the slowest valid one takes a tenth of a second
MEMORY = 2 * 2**30  # bytes that one file may take beyond what the process holds
MINUTES = float(os.environ.get("FUZZ_MINUTES", "0"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))  # a turn; without minutes there is one
DAMAGE = {"bytes": mutations.in_bytes, "tokens": mutations.in_tokens, "values": mutations.in_values}


class HangError(BaseException):
    """Not an Exception: nothing on the way may take it for an error of its own."""


@contextmanager
def bounded() -> Iterator[None]:
    """In time and memory. Beyond the first the example is a hang, beyond the second a MemoryError."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise HangError(f"still at it after {EXAMPLE_S} s")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, EXAMPLE_S)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_valid_file_goes_the_whole_road(door: Door, tmp_path: Path) -> None:
    door.make(tmp_path)
    door.read(tmp_path)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # a long line is what is tested
@pytest.mark.parametrize(
    ("door", "damage"), [pytest.param(door, d, id=f"{door.name}, {d}") for door in DOORS for d in door.damage]
)
def test_a_damaged_file_is_read_or_refused_in_one_line(door: Door, damage: str, tmp_path: Path) -> None:
    door.make(tmp_path)
    path = tmp_path / door.file
    valid = path.read_bytes()
    tried = {"read": 0, "refused": 0}

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(content=DAMAGE[damage](valid))
    def refuse(content: bytes) -> None:
        path.write_bytes(content)
        try:
            with bounded():
                door.read(tmp_path)
        except ENDINGS as error:
            tried["refused"] += 1
            assert "\n" not in str(error).strip()
            assert len(str(error)) < 2000
            str(error).encode()
        else:
            tried["read"] += 1

    ends = time.monotonic() + 60 * MINUTES / sum(len(other.damage) for other in DOORS)
    first = time.time_ns() if MINUTES else 0
    for turn in count(first):  # hypothesis knows no end but a number of examples
        seed(turn)(refuse)()
        if time.monotonic() >= ends:
            break
    print(f"{door.name}, {damage}: {tried['read']} read, {tried['refused']} refused")
