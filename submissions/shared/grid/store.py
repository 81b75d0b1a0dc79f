"""What is kept of a grid: one small file a finished cell, and what all of them depend on. The owner of both formats.

OUT/grid.json                                               the sets, settings and weights that all cells share
OUT/table2.md, OUT/table2.json                              the table, written anew at the end of each run
OUT/cells/BASELINE/MODALITY/CATEGORY/seed-N/cell.json       counts per article; written last, so present is finished
.../weights, .../results, .../log                           the model, its result bundle, and what both printed
"""

from __future__ import annotations

import fcntl
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.contract import files
from harness.errors import InputError
from submissions.shared.grid.plan import Cell, Outcome

GRID, CELL, LOCK = "grid.json", "cell.json", "lock"


def write(out: Path, outcome: Outcome) -> None:
    path = out / outcome.cell.folder / CELL
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, files.json_page(asdict(outcome)).encode())


def read(out: Path, cell: Cell) -> Outcome | None:
    """What came of a cell; None if it is not finished."""
    path = out / cell.folder / CELL
    if not path.is_file():
        return None
    row = files.parse_object(path.read_bytes(), str(path))
    try:
        articles = tuple((str(name), int(correct), int(asked)) for name, correct, asked in row["articles"])
        found = Outcome(Cell(**row["cell"]), articles, row["best_epoch"], row["validation_accuracy"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: no record of a finished cell ({error}); delete it, and it is run again") from None
    if found.cell != cell:
        raise InputError(f"{path}: holds {found.cell}, wanted {cell}; delete it, and it is run again")
    return found


def finished(out: Path, cells: Iterable[Cell]) -> dict[Cell, Outcome]:
    return {cell: outcome for cell in cells if (outcome := read(out, cell))}


def agree(out: Path, identity: Mapping[str, Any]) -> None:
    """Begin a grid in `out`, or make sure that the one there depends on the same."""
    path = out / GRID
    if not path.is_file():
        out.mkdir(parents=True, exist_ok=True)
        files.write(path, files.json_page(identity).encode())
        return
    stands = files.parse_object(path.read_bytes(), str(path))
    for part, found, wanted in _differences(stands, identity):
        raise InputError(f"{out}: holds a grid whose {part} is {found!r}, now it is {wanted!r}. Choose another --out.")


def _differences(stands: Mapping[str, Any], identity: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """The name of each part that differs, what stands there and what is wanted; of settings, the one setting."""
    for part, wanted in identity.items():
        found = stands.get(part)
        if isinstance(wanted, dict) and isinstance(found, dict):
            yield from _differences(found, wanted)
        elif found != wanted:
            yield part, found, wanted


@contextmanager
def alone(folder: Path, wait: bool) -> Iterator[None]:
    """Be the only one who works in a folder. wait: for whoever does so now; else an InputError names it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            owner = (folder / LOCK).read_text(encoding="utf-8")
            raise InputError(f"{folder}: {owner} works there now; wait for it, or choose another --out") from None
        stream.truncate(0)
        stream.write(f"process {os.getpid()} on {platform.node()}")
        stream.flush()
        yield
