"""Our table beside the published one: pure functions of the cells' outcomes, independent of engine and order.

Ours is the mean over seeds. Its interval is clustered by article, with an article's pairs of all seeds as one cluster,
so it shows the variation over articles. The variation over seeds is reported as their standard deviation. The
published numbers have no intervals and are taken as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import mean, stdev

from tabulate import tabulate

from harness.contract.decoding import Record
from harness.published import table2
from harness.run.judging import SCORING_KEY
from harness.statistics import scoring, tally
from harness.statistics.tally import DIGITS, Tally, rounded
from submissions.shared.grid.store import Cell, GridIdentity, Outcome

MODELS = {"clip": "CLIP", "vit_roberta": "ViT+RoBERTa", "blip": "BLIP"}
MODALITIES = {"vision+text": "V+T", "vision": "V", "text": "T"}
AVERAGES = ("macro", "micro")
TITLE = "Table 2, made anew"


class ReproducedAccuracy(Record, frozen=True, kw_only=True):
    """One accuracy of ours beside the published one, all fractions rounded to six digits.

    category: a name, or "macro" or "micro". low, high: the 95 % interval; None with too few articles. published and the
    differences: None where the paper has no such number. by_seed: empty for averages.
    """

    baseline: str
    modality: str
    category: str
    value: float
    low: float | None
    high: float | None
    published: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    by_seed: tuple[float, ...]


class ReproducedTable(Record, frozen=True, kw_only=True):
    """`table2.json`. cells: their planned number. missing: names of the cells without an outcome."""

    grid: GridIdentity
    cells: int
    missing: tuple[str, ...]
    entries: tuple[ReproducedAccuracy, ...]


def compare(cells: Sequence[Cell], outcomes: Mapping[Cell, Outcome]) -> list[ReproducedAccuracy]:
    """Return an entry for each baseline, modality and category with a finished cell, and for their averages."""
    entries: list[ReproducedAccuracy] = []
    for baseline, modality in dict.fromkeys((cell.baseline, cell.modality) for cell in cells):
        found: dict[str, list[Outcome]] = {}
        for cell in sorted(cells, key=lambda cell: cell.seed):
            if (cell.baseline, cell.modality) == (baseline, modality) and cell in outcomes:
                found.setdefault(cell.category, []).append(outcomes[cell])
        if found:
            entries += _of_model(baseline, modality, found)
    return entries


def _of_model(baseline: str, modality: str, outcomes: Mapping[str, Sequence[Outcome]]) -> Iterator[ReproducedAccuracy]:
    accuracy = scoring.accuracy([_pool(category, outcomes[category]) for category in sorted(outcomes)], SCORING_KEY)
    published = _published(baseline, modality, list(outcomes))
    averages = {"macro": accuracy.macro, "micro": accuracy.micro}
    for category in (*outcomes, *AVERAGES):
        ours, paper = averages.get(category) or accuracy.categories[category], published.get(category)
        yield ReproducedAccuracy(
            baseline=baseline,
            modality=modality,
            category=category,
            value=ours.value,
            low=ours.low,
            high=ours.high,
            published=rounded(paper),
            difference=_difference(ours.value, paper),
            difference_low=_difference(ours.low, paper),
            difference_high=_difference(ours.high, paper),
            by_seed=tuple(round(outcome.accuracy, DIGITS) for outcome in outcomes.get(category, ())),
        )


def _difference(ours: float | None, published: float | None) -> float | None:
    return None if ours is None or published is None else rounded(ours - published)


def _pool(category: str, outcomes: Sequence[Outcome]) -> Tally:
    """Return the counts of each article, summed over seeds."""
    counts: dict[str, tuple[int, int]] = {}
    for outcome in outcomes:
        for article, correct, asked in outcome.articles:
            before = counts.get(article, (0, 0))
            counts[article] = (before[0] + correct, before[1] + asked)
    return tally.from_counts(category, counts)


def _published(baseline: str, modality: str, categories: Sequence[str]) -> dict[str, float]:
    """Return the published accuracies of these categories, and their averages if the paper has all of them."""
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


def to_table(
    entries: Sequence[ReproducedAccuracy], cells: Sequence[Cell], outcomes: Mapping[Cell, Outcome], grid: GridIdentity
) -> ReproducedTable:
    """Return the content of `table2.json`."""
    missing = tuple(str(cell) for cell in cells if cell not in outcomes)
    return ReproducedTable(grid=grid, cells=len(cells), missing=missing, entries=tuple(entries))


def render(entries: Sequence[ReproducedAccuracy], head: str, style: str) -> str:
    """Return one table per baseline: a row per category, three columns per modality.

    style: a table format of tabulate, such as "github" for Markdown.
    """
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


def _texts(entry: ReproducedAccuracy | None) -> tuple[str, str, str]:
    """Return our accuracy, the published one and the difference in percent with one decimal, as in the paper."""
    if entry is None:
        return "-", "-", "-"
    interval = "" if entry.low is None or entry.high is None else f" [{100 * entry.low:.1f}, {100 * entry.high:.1f}]"
    published = "-" if entry.published is None else f"{100 * entry.published:.1f}"
    difference = "-" if entry.difference is None else f"{100 * entry.difference:+.1f}"
    return f"{100 * entry.value:.1f}{interval}", published, difference


def full_name(category: str, held: Collection[str]) -> str:
    """Return the full name of a category. category: a name, or the paper's code such as CE. held: the set's names."""
    if category in held:
        return category
    return {code: name for name, code in table2.codes().items()}.get(category, category)


def _short(category: str) -> str:
    return table2.codes().get(category, category)


def _spread(entries: Sequence[ReproducedAccuracy]) -> list[str]:
    spreads = [stdev(entry.by_seed) for entry in entries if len(entry.by_seed) > 1]
    if not spreads:
        return []
    return [
        f"Between seeds, a cell's accuracy has a standard deviation of {100 * mean(spreads):.1f} points on average."
    ]
