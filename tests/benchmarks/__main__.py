"""Every benchmark in turn, one table at the end: `make bench`, or `python -m tests.benchmarks [NAME ...]`.

make bench                               # under ten minutes on two cores; writes nothing into the repository
make bench RECORD=1                      # also refreshes measured.json, README.md and growth.svg in this folder
make bench ARGS='--size full paper_scale'
make bench ARGS=image                    # ten minutes by itself, so only when it is named
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time

from harness.errors import WikiOrderError
from tests.benchmarks import measuring, record
from tests.benchmarks.measuring import Row, Size, absent

# A benchmark is a module of this folder with `rows(size)`.
BENCHMARKS = tuple(
    sorted(path.stem for path in record.HERE.glob("*.py") if "\ndef rows(" in path.read_text(encoding="utf-8"))
)
ONLY_WHEN_NAMED = {"image"}


def measure(name: str, size: Size) -> tuple[list[Row], bool]:
    """The rows of one benchmark, and whether it came to its end; one that does not, leaves the others their turn."""
    print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
    began = time.perf_counter()
    rows: list[Row] = []
    try:
        rows.extend(importlib.import_module(f"tests.benchmarks.{name}").rows(size))
    except (AssertionError, ImportError, OSError, WikiOrderError, subprocess.SubprocessError) as error:
        rows.append(absent(name, f"{type(error).__name__}: {error}"))
        return rows, False
    finally:
        print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return rows, True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--size", type=Size, choices=list(Size), default=Size.QUICK)
    parser.add_argument("--record", action="store_true", help="keep what is measured beside this program")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    names = options.names or [name for name in BENCHMARKS if name not in ONLY_WHEN_NAMED]
    found = {name: measure(name, options.size) for name in names}
    print(", ".join(measuring.machine().values()) + "\n")
    print(measuring.table(row for rows, _ in found.values() for row in rows))
    if options.record:
        record.keep({name: rows for name, (rows, ended) in found.items() if ended}, BENCHMARKS)
    return 0 if all(ended for _, ended in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
