"""What the grid consists of: pure records, and the order in which they are done."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from submissions.shared.settings import Settings, folder_name

BASELINES = ("clip", "vit_roberta", "blip")  # in the order of Table 2; named here, since `recipe.baselines` loads torch


@dataclass(frozen=True)
class Cell:
    """One model of Table 2: fine-tuned on one category, and asked that category's test pairs."""

    baseline: str
    modality: str
    category: str
    seed: int

    @property
    def folder(self) -> str:
        category = re.sub(r"[^a-z0-9]+", "-", self.category.lower()).strip("-")
        return f"cells/{self.baseline}/{folder_name(self.modality)}/{category}/seed-{self.seed}"

    def __str__(self) -> str:
        return f"{self.baseline} {self.modality}, {self.category}, seed {self.seed}"


@dataclass(frozen=True)
class Work:
    """What all cells share. It travels to every worker, so its paths must be valid on every machine.

    weights: a sub-folder for each baseline, or None for models from scratch. keep: leave the fine-tuned weights there.
    """

    data: Path
    out: Path
    settings: Settings
    weights: Path | None
    cache: Path
    cache_bytes: int
    key_file: Path | None = None
    keep: bool = True


@dataclass(frozen=True)
class Outcome:
    """What one cell got. articles: (opaque name, pairs correct, pairs asked), by name."""

    cell: Cell
    articles: tuple[tuple[str, int, int], ...]
    best_epoch: int
    validation_accuracy: float

    def __post_init__(self) -> None:
        if not self.articles or not all(0 <= correct <= asked and asked for _, correct, asked in self.articles):
            raise ValueError(f"{self.cell}: counts that cannot be")

    @property
    def accuracy(self) -> float:
        return sum(correct for _, correct, _ in self.articles) / sum(asked for _, _, asked in self.articles)


def plan(
    baselines: Iterable[str], modalities: Iterable[str], categories: Iterable[str], seeds: int
) -> tuple[Cell, ...]:
    """Every cell. A seed is finished before the next one begins, so that a whole table is there early; and what reads

    the same decoded pictures is done together, before they make room for others.
    """
    rows = product(range(seeds), categories, baselines, modalities)
    return tuple(Cell(baseline, modality, category, seed) for seed, category, baseline, modality in rows)
