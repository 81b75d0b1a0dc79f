"""Table 1 of a frozen set or build: stories, headline length and pairs by category, beside the published figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

from dataset_builder.pairs.rows import LabelledPair
from harness.contract.decoding import Record
from harness.contract.frozen_set import FrozenSet
from harness.published import table1

Counts = dict[str, int]
Histogram = dict[int, int]
LabelledPairs = Sequence[LabelledPair]


class CategoryFigures(Record, frozen=True, kw_only=True):
    """One line of Table 1 in `stats.json`; `headline_length` in characters."""

    stories: int
    headline_length: float
    pairs: Counts


class DatasetStatistics(Record, frozen=True, kw_only=True):
    """`stats.json`: Table 1 with the published lines by category, and counts by subset.

    labels: pairs by category and label. step_distance: pairs by distance of their steps. pairs_per_article: articles by
    number of pairs.
    """

    table: dict[str, CategoryFigures]
    published: dict[str, CategoryFigures]
    labels: dict[str, dict[str, Counts]]
    step_distance: dict[str, Histogram]
    pairs_per_article: dict[str, Histogram]


@dataclass(frozen=True, slots=True)
class Table1Line:
    """One line of Table 1.

    headline_length: mean number of characters over the distinct steps shown. steps: their number; 0 if unknown, as in
    the paper.
    """

    stories: int
    headline_length: float
    pairs: Mapping[str, int]
    steps: int = 0

    def figures(self) -> CategoryFigures:
        """Return the line as `stats.json` holds it."""
        return CategoryFigures(
            stories=self.stories, headline_length=round(self.headline_length, 2), pairs=dict(self.pairs)
        )


def published() -> dict[str, Table1Line]:
    """Return the paper's Table 1, by category."""
    return {
        row.category: Table1Line(
            row.stories,
            row.headline_length,
            {"train": row.train_pairs, "validation": row.validation_pairs, "test": row.test_pairs},
        )
        for row in table1.read()
    }


def counted(frozen: FrozenSet, canaries: Iterable[str] = ()) -> LabelledPairs:
    """Return the rows of a set without its canaries."""
    left_out = set(canaries)
    rows = zip(frozen.questions, frozen.truths, strict=True)
    return [(pair, truth) for pair, truth in rows if pair.pair_id not in left_out]


def table(subsets: Mapping[str, LabelledPairs]) -> dict[str, Table1Line]:
    """Return Table 1 of one or more subsets, by category in alphabetical order."""
    stories: dict[str, set[str]] = defaultdict(set)
    headlines: dict[str, dict[tuple[str, int], str]] = defaultdict(dict)
    pairs: dict[str, Counter[str]] = defaultdict(Counter)
    for subset, rows in subsets.items():
        for pair, truth in rows:
            stories[pair.category].add(truth.article_id)
            pairs[pair.category][subset] += 1
            for step, position in zip((pair.first, pair.second), truth.positions, strict=True):
                headlines[pair.category][truth.article_id, position] = step.headline
    return {
        category: Table1Line(
            len(stories[category]),
            sum(map(len, headlines[category].values())) / len(headlines[category]),
            {subset: pairs[category][subset] for subset in subsets},
            len(headlines[category]),
        )
        for category in sorted(stories)
    }


def labels(rows: LabelledPairs) -> dict[str, Counts]:
    """Return, for each category, the number of pairs out of order ("0") and in order ("1")."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for pair, truth in rows:
        counts[pair.category][str(truth.label)] += 1
    return {category: dict(sorted(counts[category].items())) for category in sorted(counts)}


def distances(rows: LabelledPairs) -> Histogram:
    """Return the number of pairs by the distance of their steps."""
    counts = Counter(abs(truth.positions[0] - truth.positions[1]) for _, truth in rows)
    return dict(sorted(counts.items()))


def pairs_per_article(rows: LabelledPairs) -> Histogram:
    """Return the number of articles by their number of pairs."""
    counts = Counter(Counter(truth.article_id for _, truth in rows).values())
    return dict(sorted(counts.items()))


def titles(subsets: Mapping[str, LabelledPairs]) -> list[str]:
    """Return the titles of all articles, each article once."""
    by_id = {truth.article_id: pair.title for rows in subsets.values() for pair, truth in rows}
    return [by_id[name] for name in sorted(by_id)]


def summarise(subsets: Mapping[str, LabelledPairs]) -> DatasetStatistics:
    """Return all statistics of one or more subsets."""
    known = published()
    lines = table(subsets)
    return DatasetStatistics(
        table={name: line.figures() for name, line in lines.items()},
        published={name: known[name].figures() for name in lines if name in known},
        labels={subset: labels(rows) for subset, rows in subsets.items()},
        step_distance={subset: distances(rows) for subset, rows in subsets.items()},
        pairs_per_article={subset: pairs_per_article(rows) for subset, rows in subsets.items()},
    )


def format_table(subsets: Mapping[str, LabelledPairs], layout: str = "simple") -> str:
    """Return Table 1 as text, with notes; published figures in brackets for the paper's categories."""
    from tabulate import tabulate

    known, lines = published(), table(subsets)
    body = [[name, *_columns(line, known.get(name))] for name, line in lines.items()]
    body.append(["All", *_columns(total(lines), total(known) if known.keys() == lines.keys() else None)])
    header = ["category", "stories", "headline length", *(f"{subset} pairs" for subset in subsets)]
    right = ["left", *["right"] * (len(header) - 1)]
    notes = ["In brackets: the published Table 1.", ""] if known.keys() & lines.keys() else []
    return "\n".join(
        [tabulate(body, header, tablefmt=layout, disable_numparse=True, colalign=right), "", *notes, balance(subsets)]
    )


def total(lines: Mapping[str, Table1Line]) -> Table1Line:
    """Return all categories together; the headline length is NaN if the number of steps is unknown."""
    steps = sum(line.steps for line in lines.values())
    characters = sum(line.headline_length * line.steps for line in lines.values())
    pairs: Counter[str] = Counter()
    for line in lines.values():
        pairs.update(line.pairs)
    return Table1Line(sum(line.stories for line in lines.values()), characters / steps if steps else nan, pairs, steps)


def balance(subsets: Mapping[str, LabelledPairs]) -> str:
    """Return a sentence that says whether half of the pairs are in order, and names the exceptions."""
    off = [
        f"{category}, {subset}: {found.get('1', 0)} of {sum(found.values())}"
        for subset, rows in subsets.items()
        for category, found in labels(rows).items()
        if found.get("0", 0) != found.get("1", 0)
    ]
    if off:
        return f"Not half in order: {'; '.join(off)}."
    return "Exactly half of each category and subset is in order."


def _columns(line: Table1Line, paper: Table1Line | None) -> list[str]:
    values = [f"{line.stories}", f"{line.headline_length:.2f}", *map(str, line.pairs.values())]
    if paper is None:
        return values
    printed = [f"{paper.stories}", f"{paper.headline_length:.2f}", *(str(paper.pairs[subset]) for subset in line.pairs)]
    return [value if other == "nan" else f"{value} ({other})" for value, other in zip(values, printed, strict=True)]
