"""`wikiorder compare`: is one result better than another on the same set?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder compare results/clip/tiny-1.0-test/vision results/clip/tiny-1.0-test/text")
@click.argument("first", type=FOLDER)
@click.argument("second", type=FOLDER)
@click.option("--data", type=FOLDER, help="The frozen set they answer: adds McNemar's test and the pairs themselves.")
@click.option("--key-file", type=FOLDER, help="The release key, for a hidden set.")
@click.option("--show", type=click.IntRange(0), default=3, show_default=True, help="Pairs to show of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every pair that only one got right.")
def compare(first: Path, second: Path, data: Path | None, key_file: Path | None, show: int, as_json: bool) -> None:
    """Compare two results on one set: the bundle folders FIRST and SECOND.

    Differences are first minus second, with intervals clustered by article, a permutation test over articles, and
    Holm's correction over the categories.
    """
    from harness.contract import files
    from harness.report import loading
    from harness.run.judging import SCORING_KEY
    from harness.statistics import comparison

    left, right = loading.read([first, second])
    found = comparison.compare(loading.tallies(left), loading.tallies(right), SCORING_KEY)
    frozen = loading.load_counted(data, left, key_file) if data else None
    if frozen:
        found |= comparison.pairs_apart(frozen.questions, loading.grade(left, frozen), loading.grade(right, frozen))
    if as_json:
        click.echo(files.json_page(found), nl=False)
        return
    click.echo(f"{loading.name(left)} minus {loading.name(right)}, on {loading.set_title(left)}\n")
    click.echo(table(found))
    if frozen:
        questions = {pair.pair_id: pair for pair in frozen.questions}
        for who, side in ((left, "only_first"), (right, "only_second")):
            click.echo(f"\n{len(found[side])} pairs that only {loading.name(who)} got right")
            for pair in (questions[pair_id] for pair_id in found[side][:show]):
                click.echo(f"  {pair.title}: {pair.first.headline} | {pair.second.headline}")
    else:
        click.echo("\nWith --data SET: McNemar's test, and the pairs that only one got right.")


def table(found: dict[str, Any]) -> str:
    """One row a category, then macro and micro."""
    from tabulate import tabulate

    headers = ["category", "pairs", "articles", "difference", "95 % interval", "p", "p (Holm)", "resolvable"]
    rows = [_row(name, row) for name, row in found["categories"].items()]
    rows += [_row(name, found[name]) for name in ("macro", "micro")]
    if "mcnemar" in found:
        headers.append("p (McNemar)")
        naive = [cell["p"] for cell in found["mcnemar"]["categories"].values()]
        for row, p in zip(rows, [*naive, None, found["mcnemar"]["p"]], strict=True):
            row.append(_number(p, "{:.4f}"))
    return tabulate(rows, headers=headers, disable_numparse=True)


def _row(name: str, cell: dict[str, Any]) -> list[str]:
    interval = "-" if cell["low"] is None else f"{cell['low']:+.3f} to {cell['high']:+.3f}"
    counts = [str(cell.get("pairs", "")), str(cell.get("articles", ""))]
    p = [_number(cell["p"], "{:.4f}"), _number(cell.get("p_holm"), "{:.4f}")]
    return [name, *counts, f"{cell['value']:+.3f}", interval, *p, _number(cell.get("resolvable_difference"), "{:.3f}")]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
