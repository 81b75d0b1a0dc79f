"""`wikiorder rescore`: new scores from stored answers, after a change of the scoring. No model is run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: wikiorder rescore results/coin/wikiorder-sample-1.0-test/text --data SET")
@click.argument("roots", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="BUNDLE...")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The set that was asked.")
def rescore(roots: tuple[Path, ...], data: Path) -> None:
    """Compute a bundle's scores anew from its stored probabilities, and say what moved."""
    from harness import pipeline, results, verification

    for found in results.read(roots):
        before = found.result
        after = pipeline.rescore(found, results.load_set(data, found)).result
        moved = list(verification.differences(before["scores"], after["scores"], "scores"))
        click.echo(f"{found.root}: {len(moved)} numbers moved")
        for line in moved:
            click.echo(f"  {line}")
