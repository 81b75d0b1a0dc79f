"""`wikiorder dataset sample`: draw the calibrated sample and freeze it as any other set."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from dataset_builder import build, spec
from dataset_builder import sample as drawn


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to make; it must not exist.")
def sample(out: Path) -> None:
    """Draw the how-to articles of the calibrated sample and freeze them: the very bytes that ship.

    \b
    wikiorder dataset sample --out sets/wikiorder-sample
    """
    build.refuse_existing(out)
    with TemporaryDirectory() as raw:
        drawn.draw(Path(raw))
        built = build.build(build.Request(spec.load("wikiorder-sample"), Path(raw), out))
    click.echo(f"{out}  sha256:{built.digest}")
