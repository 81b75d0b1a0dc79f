"""`wikiorder verify`: derive a bundle's numbers again from the data that it holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import CheckError

if TYPE_CHECKING:
    from harness.contract.bundle import Bundle

SHOWN = 10


@click.command(epilog="Example: wikiorder verify results/coin/wikiorder-sample-1.0-test/text")
@click.argument("roots", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="BUNDLE...")
@click.option("--data", type=click.Path(path_type=Path), help="The set that was asked: then every number is derived.")
@click.option("--key-file", type=click.Path(path_type=Path), help="The release key, for a hidden set.")
def verify(roots: tuple[Path, ...], data: Path | None, key_file: Path | None) -> None:
    """Derive a bundle's digests and numbers again, offline, and name each that differs.

    Without --data only accuracies and intervals are derived, from the counts per article. With it, every number is
    derived from the stored probabilities and the set's ground truth, and the bundle is called whole. A bundle
    that differs is refused with exit code 1.
    """
    from harness.contract import bundle, release
    from harness.report import loading
    from harness.run import verification

    key = release.read_key(key_file) if key_file else None
    differ = False
    for root in roots:
        found = bundle.read(root)
        problems: list[str] = []
        if found.result.scores is not None:
            if data:
                frozen = loading.load_set(data, found)
                problems += verification.from_predictions(found, frozen, release.secret(frozen, key))
            problems += verification.from_counts(found)
        for line in problems[:SHOWN]:
            click.echo(f"{root}: {line}", err=True)
        if len(problems) > SHOWN:
            click.echo(f"{root}: and {len(problems) - SHOWN} more", err=True)
        click.echo(f"{root}: {'DIFFERS' if problems else _verdict(found, data is not None)}")
        differ |= bool(problems)
    if differ:
        raise CheckError("a bundle differs from what follows from its data; do not use it")


def _verdict(found: Bundle, with_set: bool) -> str:
    """Return which parts of a bundle without problems were checked, and which were not."""
    result = found.result
    if result.status == "failed":
        return "checksums hold; a failed run, so there is nothing to derive"
    if result.scores is None:
        return "checksums hold; not checked: the released score, whose predictions and counts are withheld"
    if with_set:
        return "whole; every number follows"
    return "checksums hold and accuracies follow from the counts; not checked: the predictions (name --data SET)"
