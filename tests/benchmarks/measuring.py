"""One row of the table of measurements: something against something else, taken in turns in one run.

A benchmark is a module with `rows(size)`, which yields rows, and ends in `measuring.main(rows)`:

    def rows(size: Size) -> Iterator[Row]:
        files = {Size.TINY: 10, Size.QUICK: 10_000, Size.FULL: 100_000}[size]
        ours = timed(lambda: checksums.verify(root))       # also worked(): processor time, which bears a busy machine
        theirs = timed(lambda: sha256sum(root))
        yield compared("dataset verify", "sha256sum -c", ours, theirs, aim=at_most(1.1), agree=same_files)

Seconds of a shared machine mean little; a ratio of two that took turns holds. Each turn runs both, every other turn in
the opposite order; the row holds every turn's ratio. An aim "at most" asks how many times as long ours takes, an aim
"at least" how many times as fast it is. `agree` looks at what both sides returned and says whether they did the same.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from tabulate import tabulate

LONG, FAST = "x as long", "x as fast"
REPEATS = 5
PACKAGES = ("click", "numpy", "pandas", "scipy", "pillow", "docker", "torch", "transformers")


class Size(StrEnum):
    """How much to measure: a trial that a test runs in seconds, a share of ten minutes, or all, however long."""

    TINY = "tiny"
    QUICK = "quick"
    FULL = "full"


class Aim(NamedTuple):
    word: str  # "at most" or "at least"
    value: float

    def met(self, value: float) -> bool:
        return value <= self.value if self.word == "at most" else value >= self.value

    def __str__(self) -> str:
        return f"{'<=' if self.word == 'at most' else '>='} {self.value:,g}"


def at_most(value: float) -> Aim:
    return Aim("at most", value)


def at_least(value: float) -> Aim:
    return Aim("at least", value)


@dataclass(frozen=True, slots=True)
class Row:
    """measured: one number a turn; none where it could not be measured here, and `limit` says why.

    limit: what limits it, in a few words. curve, size: the line and the place that this point has in the figure.
    seconds: the median of ours, and of what it is held against.
    """

    what: str
    against: str
    measured: tuple[float, ...]
    unit: str
    aim: Aim | None = None
    limit: str = ""
    curve: str = ""
    size: int = 0
    seconds: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.measured)

    def cells(self) -> dict[str, str]:
        """The row as the table prints it."""
        if not self.measured:
            measured, spread, met = "not here", "", "?"
        else:
            measured, met = (
                f"{number(self.median)} {self.unit}",
                "yes" if self.aim and self.aim.met(self.median) else "no",
            )
            spread = f"{number(min(self.measured))} to {number(max(self.measured))}" if len(self.measured) > 1 else ""
        return {
            "what": self.what,
            "against": self.against if self.measured else self.limit,
            "measured": measured,
            "spread": spread,
            "aim": str(self.aim or ""),
            "met": met if self.aim else "",
        }


class Timed(NamedTuple):
    """Seconds, and what the work returned."""

    seconds: float
    result: Any


Side = Callable[[], Timed]


def timed(work: Callable[[], object]) -> Side:
    """The work by the clock."""

    def side() -> Timed:
        gc.collect()
        began = time.perf_counter()
        result = work()
        return Timed(time.perf_counter() - began, result)

    return side


def worked(work: Callable[[], object]) -> Side:
    """The work in seconds of processor, this process and its finished children together."""

    def side() -> Timed:
        gc.collect()
        began = processor_seconds()
        result = work()
        return Timed(processor_seconds() - began, result)

    return side


def processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def in_turns(ours: Side, theirs: Side, repeats: int) -> Iterator[tuple[Timed, Timed]]:
    """Both, `repeats` times, every other time theirs first."""
    for turn in range(repeats):
        if turn % 2:
            second, first = theirs(), ours()
        else:
            first, second = ours(), theirs()
        yield first, second


def compared(
    what: str,
    against: str,
    ours: Side,
    theirs: Side,
    *,
    aim: Aim | None = None,
    repeats: int = REPEATS,
    warm: bool = True,
    scale: float = 1.0,
    agree: Callable[[Any, Any], bool] | None = None,
    limit: str = "",
    curve: str = "",
    size: int = 0,
) -> Row:
    """The ratio of two that do the same. warm: one turn more, first, that does not count.

    scale: what part of ours theirs did (100 submissions against one: 100). agree: true where both did the same work.
    """
    turns = list(in_turns(ours, theirs, repeats + warm))
    if agree and not agree(turns[0][0].result, turns[0][1].result):
        raise AssertionError(f"{what}: it and {against} did not come to the same; their times cannot be compared")
    pairs = [(first.seconds, second.seconds * scale) for first, second in turns[warm:]]
    faster = aim is not None and aim.word == "at least"
    ratios = tuple(second / first if faster else first / second for first, second in pairs)
    medians = tuple(statistics.median(side) for side in zip(*pairs, strict=True))
    return Row(what, against, ratios, FAST if faster else LONG, aim, limit, curve, size, medians)


def absent(what: str, why: str) -> Row:
    """A row that this machine cannot measure."""
    return Row(what, "", (), "", limit=why)


def number(value: float) -> str:
    """Three digits: 0.123, 1.23, 12.3, 123, 12,346."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}"


def machine() -> dict[str, str]:
    """The processor, the memory, the system and the versions that a measurement was taken with."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": model or platform.machine(),
        "cores": f"{len(os.sched_getaffinity(0))} cores",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}",
        "versions": ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES if _installed(name)),
    }


def _installed(name: str) -> bool:
    return next(iter(metadata.distributions(name=name)), None) is not None


def table(rows: Iterable[Row]) -> str:
    return tabulate([row.cells() for row in rows], headers="keys", disable_numparse=True)


def to_json(rows: Sequence[Row], taken_on: dict[str, str] | None = None) -> str:
    """taken_on: the machine; this one, if none is named."""
    return json.dumps({"machine": taken_on or machine(), "rows": [asdict(row) for row in rows]}, indent=1) + "\n"


def from_json(text: str) -> tuple[dict[str, str], list[Row]]:
    record = json.loads(text)
    rows = []
    for row in record["rows"]:
        lists = {"measured": tuple(row["measured"]), "seconds": tuple(row["seconds"])}
        rows.append(Row(**row | lists | {"aim": Aim(*row["aim"]) if row["aim"] else None}))
    return record["machine"], rows


def main(rows: Callable[[Size], Iterable[Row]], description: str | None = None) -> None:
    """Run one benchmark alone: `python -m tests.benchmarks.NAME [--size quick] [--json FILE]`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=Size, choices=list(Size), default=Size.QUICK)
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args()
    print(", ".join(machine().values()))
    measured = list(rows(options.size))
    print(table(measured))
    if options.json:
        options.json.write_text(to_json(measured), encoding="utf-8")
