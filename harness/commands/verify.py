"""`wikiorder verify`: derive a bundle's numbers again from the data that it holds."""

from __future__ import annotations

from pathlib import Path

import click

from harness.errors import CheckError

SHOWN = 10


@click.command(epilog="Example: wikiorder verify results/coin/wikiorder-sample-1.0-test/text")
@click.argument("roots", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="BUNDLE...")
@click.option("--data", type=click.Path(path_type=Path), help="The set that was asked: then every number is derived.")
@click.option("--key-file", type=click.Path(path_type=Path), help="The release key, for a hidden set.")
def verify(roots: tuple[Path, ...], data: Path | None, key_file: Path | None) -> None:
    """Derive a bundle's digests and numbers again, offline, and name each that differs.

    Without --data accuracies and intervals are derived from the counts per article; with it, every number is derived
    from the stored probabilities and the set's ground truth. A bundle that differs is refused with exit code 1.
    """
    from harness.contract import bundle, release
    from harness.report import loading
    from harness.run import verification

    key = release.read_key(key_file) if key_file else None
    differ = False
    for root in roots:
        found = bundle.read(root)
        if found.result.status == "failed":
            click.echo(f"{root}: whole; a failed run, so there is nothing to derive")
            continue
        problems = []
        if data:
            frozen = loading.load_set(data, found)
            problems += verification.from_predictions(found, frozen, release.secret(frozen, key))
        problems += verification.from_counts(found)
        for line in problems[:SHOWN]:
            click.echo(f"{root}: {line}", err=True)
        if len(problems) > SHOWN:
            click.echo(f"{root}: and {len(problems) - SHOWN} more", err=True)
        scope = "every number follows" if data else "accuracies follow from the counts (name --data to derive the rest)"
        click.echo(f"{root}: {'DIFFERS' if problems else 'whole; ' + scope}")
        differ |= bool(problems)
    if differ:
        raise CheckError("a bundle differs from what follows from its data; do not use it")
