"""The cells of the grid and their files: one file per finished cell, one for the whole grid. The owner of both formats.

OUT/grid.json                                               sets, settings and weights, the same for all cells
OUT/table2.md, OUT/table2.json                              the table, written again at the end of each run
OUT/cells/BASELINE/MODALITY/CATEGORY/seed-N/cell.json       counts per article; written last, so present means finished
.../weights, .../results, .../log                           the model, its result bundle, and the output of both
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

from harness.contract import decoding, files
from harness.contract.decoding import Record
from harness.contract.result import Count, Digest, Fraction
from harness.errors import InputError
from submissions.shared.settings import Settings, folder_name

GRID, CELL, LOCK = "grid.json", "cell.json", "lock"

SettingValue = bool | int | float | str


class Cell(Record, frozen=True, kw_only=True):
    """One model of Table 2: fine-tuned on one category and evaluated on that category's test pairs."""

    baseline: str
    modality: str
    category: str
    seed: int

    @property
    def folder(self) -> str:
        """The cell's folder, relative to the grid's."""
        category = re.sub(r"[^a-z0-9]+", "-", self.category.lower()).strip("-")
        return f"cells/{self.baseline}/{folder_name(self.modality)}/{category}/seed-{self.seed}"

    def __str__(self) -> str:
        return f"{self.baseline} {self.modality}, {self.category}, seed {self.seed}"


class ArticleTally(NamedTuple):
    """The pairs of one article, named by its opaque name: correct and asked."""

    article: str
    correct: Count
    asked: Count


class Outcome(Record, frozen=True, kw_only=True):
    """`cell.json`: the result of one cell, with its articles in the order of their names."""

    cell: Cell
    articles: tuple[ArticleTally, ...]
    best_epoch: Count
    validation_accuracy: Fraction

    def __post_init__(self) -> None:
        if not self.articles or not all(0 <= correct <= asked and asked for _, correct, asked in self.articles):
            raise ValueError(f"{self.cell}: each article needs at least one pair asked and no more correct than asked")

    @property
    def accuracy(self) -> float:
        """The fraction of all pairs that are correct."""
        return sum(correct for _, correct, _ in self.articles) / sum(asked for _, _, asked in self.articles)


class GridIdentity(Record, frozen=True, kw_only=True):
    """`grid.json`: everything that the outcomes depend on. sets: digest of each subset. settings: without the seed."""

    sets: dict[str, Digest]
    preset: str
    settings: dict[str, SettingValue]
    start: str
    harness: str

    def difference(self, other: GridIdentity) -> tuple[str, object, object] | None:
        """Return the first part that differs, with both values; None where the two are equal."""
        mine, theirs = self._parts(), other._parts()
        for name in [*theirs, *mine]:
            if mine.get(name) != theirs.get(name):
                return name, mine.get(name), theirs.get(name)
        return None

    def _parts(self) -> Mapping[str, object]:
        return {**self.sets, "preset": self.preset, **self.settings, "start": self.start, "harness": self.harness}


@dataclass(frozen=True)
class Work:
    """The options that all cells share. It is sent to every worker, so its paths must be valid on every machine.

    weights: the folder with a sub-folder for each baseline, or None for models from scratch.
    keep: do not delete the fine-tuned weights of a finished cell.
    """

    data: Path
    out: Path
    settings: Settings
    weights: Path | None
    cache: Path
    cache_bytes: int
    key_file: Path | None = None
    keep: bool = True


def plan(
    baselines: Iterable[str], modalities: Iterable[str], categories: Iterable[str], seeds: int
) -> tuple[Cell, ...]:
    """Return every cell in the order of work.

    One seed is finished before the next begins, so a whole table is ready early. Cells that read the same decoded
    pictures are neighbours, so the cache keeps the pictures that they need.
    """
    rows = product(range(seeds), categories, baselines, modalities)
    return tuple(
        Cell(baseline=baseline, modality=str(modality), category=category, seed=seed)
        for seed, category, baseline, modality in rows
    )


def write(out: Path, outcome: Outcome) -> None:
    """Write the file of a finished cell."""
    path = out / outcome.cell.folder / CELL
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, decoding.json_page(outcome).encode())


def read(out: Path, cell: Cell) -> Outcome | None:
    """Return the outcome of a cell; None if it is not finished.

    Raises:
        InputError: the file is not valid, or holds another cell.
    """
    path = out / cell.folder / CELL
    if not path.is_file():
        return None
    try:
        found = decoding.decode(Outcome, path.read_bytes(), CELL)
    except InputError as error:
        raise InputError(f"{path}: no record of a finished cell ({error}); delete it to run the cell again") from None
    if found.cell != cell:
        raise InputError(f"{path}: holds {found.cell}, wanted {cell}; delete it to run the cell again")
    return found


def finished(out: Path, cells: Iterable[Cell]) -> dict[Cell, Outcome]:
    """Return the outcomes of the cells that are finished."""
    return {cell: outcome for cell in cells if (outcome := read(out, cell))}


def agree(out: Path, identity: GridIdentity) -> None:
    """Begin a grid in `out`, or check that the grid there has the same identity.

    Raises:
        InputError: the grid in `out` depends on something else; the message names it.
    """
    path = out / GRID
    if not path.is_file():
        out.mkdir(parents=True, exist_ok=True)
        files.write(path, decoding.json_page(identity).encode())
        return
    difference = decoding.decode(GridIdentity, path.read_bytes(), str(path)).difference(identity)
    if difference:
        part, found, wanted = difference
        raise InputError(f"{out}: holds a grid whose {part} is {found!r}, now it is {wanted!r}. Choose another --out.")


@contextmanager
def alone(folder: Path, wait: bool) -> Iterator[None]:
    """Hold the lock of a folder.

    Args:
        wait: wait until the process that holds the lock releases it.

    Raises:
        InputError: another process holds the lock, and `wait` is false.
    """
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
