"""The command `wikiorder compare`: the difference between two results on the same set, with its uncertainty."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.statistics.comparison import CategoryDifference, Difference, PairedComparison, PairsApart

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder compare results/clip/tiny-1.0-test/vision results/clip/tiny-1.0-test/text")
@click.argument("first", type=FOLDER)
@click.argument("second", type=FOLDER)
@click.option("--data", type=FOLDER, help="The frozen set that they answer: adds McNemar's test and the pairs.")
@click.option("--key-file", type=FOLDER, help="The release key, for a hidden set.")
@click.option("--show", type=click.IntRange(0), default=3, show_default=True, help="Pairs to show per result.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every pair that only one got right.")
def compare(first: Path, second: Path, data: Path | None, key_file: Path | None, show: int, as_json: bool) -> None:
    """Compare two results on one set, given by their bundle folders FIRST and SECOND.

    Differences are first minus second, with intervals clustered by article, a permutation test over articles, and
    Holm's correction over the categories.
    """
    from harness.contract import decoding
    from harness.report import loading
    from harness.run.judging import SCORING_KEY
    from harness.statistics import comparison

    left, right = loading.read([first, second])
    found = comparison.compare(loading.tallies(left), loading.tallies(right), SCORING_KEY)
    frozen = loading.load_counted(data, left, key_file) if data else None
    apart = None
    if frozen:
        apart = comparison.pairs_apart(frozen.questions, loading.grade(left, frozen), loading.grade(right, frozen))
    if as_json:
        both = decoding.to_json(found) | (decoding.to_json(apart) if apart else {})
        click.echo(decoding.json_page(both), nl=False)
        return
    click.echo(f"{loading.name(left)} minus {loading.name(right)}, on {loading.set_title(left)}\n")
    click.echo(table(found, apart))
    if frozen and apart:
        questions = {pair.pair_id: pair for pair in frozen.questions}
        for result, pair_ids in ((left, apart.only_first), (right, apart.only_second)):
            click.echo(f"\n{len(pair_ids)} pairs that only {loading.name(result)} got right")
            for pair in (questions[pair_id] for pair_id in pair_ids[:show]):
                click.echo(f"  {pair.title}: {pair.first.headline} | {pair.second.headline}")
    else:
        click.echo("\nWith --data SET: McNemar's test, and the pairs that only one got right.")


def table(found: PairedComparison, apart: PairsApart | None) -> str:
    """Return one row per category, then macro and micro. apart: adds the column of McNemar's test."""
    from tabulate import tabulate

    headers = ["category", "pairs", "articles", "difference", "95 % interval", "p", "p (Holm)", "resolvable"]
    rows = [_category_row(name, difference) for name, difference in found.categories.items()]
    for name, overall in (("macro", found.macro), ("micro", found.micro)):
        rows.append([name, "", "", *_figures(overall), "", ""])
    if apart:
        headers.append("p (McNemar)")
        naive = [_number(test.p, 4) for test in apart.mcnemar.categories.values()]
        for row, p in zip(rows, [*naive, "", _number(apart.mcnemar.p, 4)], strict=True):
            row.append(p)
    return tabulate(rows, headers=headers, disable_numparse=True)


def _category_row(name: str, difference: CategoryDifference) -> list[str]:
    counts = [str(difference.pairs), str(difference.articles)]
    rest = [_number(difference.p_holm, 4), _number(difference.resolvable_difference, 3)]
    return [name, *counts, *_figures(difference), *rest]


def _figures(difference: Difference) -> list[str]:
    interval = "-" if difference.low is None else f"{difference.low:+.3f} to {difference.high:+.3f}"
    return [f"{difference.value:+.3f}", interval, _number(difference.p, 4)]


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"
