"""`wikiorder rescore`: new scores from stored predictions, after a change of the scoring. No model is run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: wikiorder rescore results/coin/wikiorder-sample-1.0-test/text --data SET")
@click.argument("roots", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="BUNDLE...")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The set that was asked.")
@click.option("--key-file", type=click.Path(path_type=Path), help="The release key, for a hidden set.")
def rescore(roots: tuple[Path, ...], data: Path, key_file: Path | None) -> None:
    """Compute the scores of a bundle again from its stored probabilities, and list each number that changed."""
    from harness.contract import release
    from harness.report import loading
    from harness.run import pipeline, verification

    key = release.read_key(key_file) if key_file else None
    for found in loading.read(roots):
        before = found.result
        frozen = loading.load_set(data, found)
        after = pipeline.rescore(found, frozen, release.secret(frozen, key)).result
        moved = list(verification.differences(before.scores, after.scores, "scores"))
        click.echo(f"{found.root}: {len(moved)} numbers moved")
        for line in moved:
            click.echo(f"  {line}")
