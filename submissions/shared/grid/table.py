"""Our table beside the published one: pure functions of the cells' outcomes, whatever engine or order gave them.

Ours is the mean over seeds. Its interval is clustered by article, and counts an article's pairs of all seeds as one
cluster: it tells what other articles would have given. What other seeds would have given, the spread over seeds tells.
The published numbers come without intervals and are taken as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from tabulate import tabulate

from harness.published import table2
from harness.run.judging import SCORING_KEY
from harness.statistics import scoring, tally
from harness.statistics.tally import Tally, rounded
from submissions.shared.grid.plan import Cell, Outcome

MODELS = {"clip": "CLIP", "vit_roberta": "ViT+RoBERTa", "blip": "BLIP"}
MODALITIES = {"vision+text": "V+T", "vision": "V", "text": "T"}
AVERAGES = ("macro", "micro")
TITLE = "Table 2, made anew"


@dataclass(frozen=True)
class Entry:
    """One number of ours beside the published one. category: a name, or "macro" or "micro". None: not known."""

    baseline: str
    modality: str
    category: str
    value: float
    low: float | None
    high: float | None
    published: float | None
    by_seed: tuple[float, ...] = ()

    @property
    def difference(self) -> float | None:
        return None if self.published is None else self.value - self.published

    def to_json(self) -> dict[str, Any]:
        known = {"baseline": self.baseline, "modality": self.modality, "category": self.category}
        numbers: dict[str, float | None] = {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "published": self.published,
        }
        for name, number in (("difference", self.value), ("difference_low", self.low), ("difference_high", self.high)):
            numbers[name] = None if number is None or self.published is None else number - self.published
        return known | {k: rounded(v) for k, v in numbers.items()} | {"by_seed": [rounded(v) for v in self.by_seed]}


def compare(cells: Sequence[Cell], outcomes: Mapping[Cell, Outcome]) -> list[Entry]:
    """An entry for each baseline, modality and category with a finished cell, and their averages."""
    entries = []
    for baseline, modality in dict.fromkeys((cell.baseline, cell.modality) for cell in cells):
        found: dict[str, list[Outcome]] = {}
        for cell in sorted(cells, key=lambda cell: cell.seed):
            if (cell.baseline, cell.modality) == (baseline, modality) and cell in outcomes:
                found.setdefault(cell.category, []).append(outcomes[cell])
        if found:
            entries += _of_model(baseline, modality, found)
    return entries


def _of_model(baseline: str, modality: str, found: Mapping[str, Sequence[Outcome]]) -> list[Entry]:
    accuracy = scoring.accuracy([_pool(category, found[category]) for category in sorted(found)], SCORING_KEY)
    published = _published(baseline, modality, list(found))
    entries = []
    for category in (*found, *AVERAGES):
        ours = accuracy[category] if category in AVERAGES else accuracy["categories"][category]
        seeds = tuple(outcome.accuracy for outcome in found.get(category, ()))
        bounds = (ours["value"], ours["low"], ours["high"])
        entries.append(Entry(baseline, modality, category, *bounds, published.get(category), seeds))
    return entries


def _pool(category: str, outcomes: Sequence[Outcome]) -> Tally:
    """The counts of all seeds, added up by article."""
    counts: dict[str, tuple[int, int]] = {}
    for outcome in outcomes:
        for article, correct, asked in outcome.articles:
            before = counts.get(article, (0, 0))
            counts[article] = (before[0] + correct, before[1] + asked)
    return tally.from_counts(category, counts)


def _published(baseline: str, modality: str, categories: Sequence[str]) -> dict[str, float]:
    """By category, and averaged over these categories; nothing where the paper has another set of categories."""
    accuracy, pairs = table2.read()
    codes = table2.codes()
    model, column = MODELS[baseline], MODALITIES[modality]
    values = {category: accuracy[codes[category], model, column] for category in categories if category in codes}
    if len(values) < len(categories):
        return values
    asked = {codes[category]: pairs[codes[category]] for category in categories}
    return values | {
        "macro": table2.macro(accuracy, asked, model, column),
        "micro": table2.micro(accuracy, asked, model, column),
    }


def to_json(
    entries: Sequence[Entry], cells: Sequence[Cell], outcomes: Mapping[Cell, Outcome], identity: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "grid": dict(identity),
        "cells": len(cells),
        "missing": [str(cell) for cell in cells if cell not in outcomes],
        "entries": [entry.to_json() for entry in entries],
    }


def render(entries: Sequence[Entry], head: str, style: str) -> str:
    """One table a baseline: categories down, modalities across. style: of tabulate, such as "github" for Markdown."""
    mark = "## " if style == "github" else ""
    parts = [head, ""]
    for baseline in dict.fromkeys(entry.baseline for entry in entries):
        mine = {(e.category, e.modality): e for e in entries if e.baseline == baseline}
        modalities = dict.fromkeys(modality for _, modality in mine)
        categories = sorted({c for c, _ in mine} - set(AVERAGES)) + list(AVERAGES)
        rows = [[_short(c), *(text for m in modalities for text in _texts(mine.get((c, m))))] for c in categories]
        headers = ["", *(text for m in modalities for text in (f"{MODALITIES[m]}, ours", "paper", "diff."))]
        align = ["left", *["right"] * (len(headers) - 1)]
        table = tabulate(rows, headers=headers, tablefmt=style, disable_numparse=True, colalign=align)
        parts += [f"{mark}{MODELS[baseline]}", "", table, ""]
    return "\n".join([*parts, *_spread(entries)]).rstrip() + "\n"


def _texts(entry: Entry | None) -> tuple[str, str, str]:
    """Percent, one decimal: what the paper gives."""
    if entry is None:
        return "-", "-", "-"
    interval = "" if entry.low is None or entry.high is None else f" [{100 * entry.low:.1f}, {100 * entry.high:.1f}]"
    published = "-" if entry.published is None else f"{100 * entry.published:.1f}"
    difference = "-" if entry.difference is None else f"{100 * entry.difference:+.1f}"
    return f"{100 * entry.value:.1f}{interval}", published, difference


def _short(category: str) -> str:
    return table2.codes().get(category, category)


def _spread(entries: Sequence[Entry]) -> list[str]:
    spreads = [stdev(entry.by_seed) for entry in entries if len(entry.by_seed) > 1]
    if not spreads:
        return []
    return [
        f"Between seeds, a cell's accuracy has a standard deviation of {100 * mean(spreads):.1f} points on average."
    ]
