"""`wikiorder publish`: the public bundle of a result on a hidden set."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: wikiorder publish results/blip/wikiorder-2-test/vision_text public/blip")
@click.argument("root", type=click.Path(path_type=Path), metavar="BUNDLE")
@click.argument("out", type=click.Path(path_type=Path), metavar="FOLDER")
def publish(root: Path, out: Path) -> None:
    """Copy a bundle without its predictions per pair, which would reveal the ground truth of a hidden set.

    The copy states the digests of the files that it withholds; its counts per article are enough for ranking.
    """
    from harness.contract import bundle

    found = bundle.publish(bundle.read(root), out)
    withheld = ", ".join(sorted(found.result.withheld or ()))
    click.echo(f"{out}: public, sha256:{found.digest}; withheld: {withheld}")
