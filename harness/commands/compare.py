"""The command `wikiorder compare`: the difference between two results on the same set, with its uncertainty."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.statistics.comparison import Difference, PairedComparison

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
    from harness.statistics import comparison, verdict

    left, right = loading.read([first, second])
    frozen = loading.load_counted(data, left, key_file) if data else None
    agreed = loading.agreed(left, right, frozen)
    found = comparison.compare(loading.tallies(left), loading.tallies(right), SCORING_KEY, agreed)
    apart = None
    if frozen:
        apart = comparison.pairs_apart(frozen.questions, loading.grade(left, frozen), loading.grade(right, frozen))
    if as_json:
        both = decoding.to_json(found) | (decoding.to_json(apart) if apart else {})
        click.echo(decoding.json_page(both), nl=False)
        return
    names = loading.name(left), loading.name(right)
    click.echo(f"{verdict.against(*names, found.macro)}\n")
    click.echo(f"{names[0]} minus {names[1]}, on {loading.set_title(left)}, in points\n\n{table(found)}")
    if frozen and apart:
        click.echo(f"\nMcNemar's test, as if pairs were independent: p = {apart.mcnemar.p:.4f}")
        questions = {pair.pair_id: pair for pair in frozen.questions}
        for result, pair_ids in ((left, apart.only_first), (right, apart.only_second)):
            click.echo(f"\n{len(pair_ids)} pairs that only {loading.name(result)} got right")
            for pair in (questions[pair_id] for pair_id in pair_ids[:show]):
                click.echo(f"  {pair.title}: {pair.first.headline} | {pair.second.headline}")
    else:
        click.echo("\nWith --data SET: McNemar's test, and the pairs that only one got right.")


def table(found: PairedComparison) -> str:
    """Return one row per category, then macro and micro, at most 80 columns wide. `--json` has every figure."""
    from tabulate import tabulate

    from harness.statistics import verdict

    headers = ["category", "pairs", "articles", "points", "95 % interval", "p (Holm)"]
    rows = [
        [verdict.shortened(name), str(c.pairs), str(c.articles), *_figures(c, c.p_holm)]
        for name, c in found.categories.items()
    ]
    rows += [[name, "", "", *_figures(of, of.p)] for name, of in (("macro", found.macro), ("micro", found.micro))]
    return tabulate(rows, headers=headers, disable_numparse=True)


def _figures(difference: Difference, p: float) -> list[str]:
    from harness.statistics.verdict import between

    return [f"{100 * difference.value:+.1f}", between(difference, signed=True), f"{p:.4f}"]
