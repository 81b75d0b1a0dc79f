"""Table 1 for any frozen set or build: stories, headline length, pairs of each category, beside the published ones."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

from harness.contract.frozen_set import FrozenSet
from harness.published import TABLE1
from harness.records import GroundTruth, StepPair

COLUMNS = {"train": "train_pairs", "validation": "val_pairs", "test": "test_pairs"}

Rows = Sequence[tuple[StepPair, GroundTruth]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of Table 1. headline_length: characters, over the distinct steps that are shown (so many)."""

    stories: int
    headline_length: float
    pairs: Mapping[str, int]
    steps: int = 0  # the paper does not say

    def to_json(self) -> dict[str, Any]:
        return {
            "stories": self.stories,
            "headline_length": round(self.headline_length, 2),
            "pairs": dict(self.pairs),
        }


def published() -> dict[str, Line]:
    """The paper's Table 1, by category."""
    with TABLE1.open(encoding="utf-8", newline="") as stream:
        return {
            row["category_name"]: Line(
                int(row["stories"]),
                float(row["avg_headline_len"]),
                {subset: int(row[column]) for subset, column in COLUMNS.items()},
            )
            for row in csv.DictReader(stream)
        }


def counted(frozen: FrozenSet, canaries: Iterable[str] = ()) -> Rows:
    """The rows of a set that count."""
    left_out = set(canaries)
    rows = zip(frozen.questions, frozen.truths, strict=True)
    return [(pair, answer) for pair, answer in rows if pair.pair_id not in left_out]


def table(subsets: Mapping[str, Rows]) -> dict[str, Line]:
    """Table 1 of one or more subsets, by category, in the order of the alphabet."""
    stories: dict[str, set[str]] = defaultdict(set)
    headlines: dict[str, dict[tuple[str, int], str]] = defaultdict(dict)
    pairs: dict[str, Counter[str]] = defaultdict(Counter)
    for subset, rows in subsets.items():
        for pair, answer in rows:
            stories[pair.category].add(answer.article_id)
            pairs[pair.category][subset] += 1
            for step, position in zip((pair.first, pair.second), answer.positions, strict=True):
                headlines[pair.category][answer.article_id, position] = step.headline
    return {
        category: Line(
            len(stories[category]),
            sum(map(len, headlines[category].values())) / len(headlines[category]),
            {subset: pairs[category][subset] for subset in subsets},
            len(headlines[category]),
        )
        for category in sorted(stories)
    }


def labels(rows: Rows) -> dict[str, dict[str, int]]:
    """Of each category, how many pairs are out of order ("0") and in order ("1")."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for pair, answer in rows:
        found[pair.category][str(answer.label)] += 1
    return {category: dict(sorted(found[category].items())) for category in sorted(found)}


def distances(rows: Rows) -> dict[int, int]:
    """How many pairs are so many steps apart."""
    found = Counter(abs(answer.positions[0] - answer.positions[1]) for _, answer in rows)
    return dict(sorted(found.items()))


def pairs_per_article(rows: Rows) -> dict[int, int]:
    """How many articles have so many pairs."""
    found = Counter(Counter(answer.article_id for _, answer in rows).values())
    return dict(sorted(found.items()))


def titles(subsets: Mapping[str, Rows]) -> dict[str, list[str]]:
    """The titles of each category's articles, each article once."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for rows in subsets.values():
        for pair, answer in rows:
            found[pair.category][answer.article_id] = pair.title
    return {category: [found[category][name] for name in sorted(found[category])] for category in sorted(found)}


def to_json(subsets: Mapping[str, Rows]) -> dict[str, Any]:
    """All of it. JSON has no integer keys: those of histograms become text."""
    known = published()
    lines = table(subsets)
    return {
        "table": {name: line.to_json() for name, line in lines.items()},
        "published": {name: known[name].to_json() for name in lines if name in known},
        "labels": {subset: labels(rows) for subset, rows in subsets.items()},
        "step_distance": {subset: distances(rows) for subset, rows in subsets.items()},
        "pairs_per_article": {subset: pairs_per_article(rows) for subset, rows in subsets.items()},
    }


def show(subsets: Mapping[str, Rows], layout: str = "simple") -> str:
    """Table 1 as text, and what is to be said of it; published figures in brackets where the paper has the category."""
    from tabulate import tabulate

    known, lines = published(), table(subsets)
    body = [[name, *_cells(line, known.get(name))] for name, line in lines.items()]
    body.append(["All", *_cells(total(lines), total(known) if known.keys() == lines.keys() else None)])
    header = ["category", "stories", "headline length", *(f"{subset} pairs" for subset in subsets)]
    right = ["left", *["right"] * (len(header) - 1)]
    notes = ["In brackets: the published Table 1.", ""] if known.keys() & lines.keys() else []
    return "\n".join(
        [tabulate(body, header, tablefmt=layout, disable_numparse=True, colalign=right), "", *notes, balance(subsets)]
    )


def total(lines: Mapping[str, Line]) -> Line:
    """All categories together; the length of a headline is NaN where nobody says how many there are."""
    steps = sum(line.steps for line in lines.values())
    characters = sum(line.headline_length * line.steps for line in lines.values())
    pairs: Counter[str] = Counter()
    for line in lines.values():
        pairs.update(line.pairs)
    return Line(sum(line.stories for line in lines.values()), characters / steps if steps else nan, pairs, steps)


def balance(subsets: Mapping[str, Rows]) -> str:
    """Whether half of the pairs are in order, and where not."""
    off = [
        f"{category}, {subset}: {found.get('1', 0)} of {sum(found.values())}"
        for subset, rows in subsets.items()
        for category, found in labels(rows).items()
        if found.get("0", 0) != found.get("1", 0)
    ]
    if off:
        return f"Not half in order: {'; '.join(off)}."
    return "Exactly half of each category and subset is in order."


def _cells(line: Line, paper: Line | None) -> list[str]:
    values = [f"{line.stories}", f"{line.headline_length:.2f}", *map(str, line.pairs.values())]
    if paper is None:
        return values
    printed = [f"{paper.stories}", f"{paper.headline_length:.2f}", *(str(paper.pairs[subset]) for subset in line.pairs)]
    return [value if other == "nan" else f"{value} ({other})" for value, other in zip(values, printed, strict=True)]
