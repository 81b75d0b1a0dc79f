"""`wikiorder dataset pack`."""

from __future__ import annotations

from pathlib import Path

import click

from dataset_builder.describe import packing

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", required=True, type=FOLDER, help="The tar file to write; it must not exist.")
def pack(folder: Path, out: Path) -> None:
    """Put a frozen set, or a whole build, into one tar file: the same bytes from the same set, everywhere.

    The answers travel with it: a hidden set's tar file stays with its maintainer.

    \b
    wikiorder dataset pack sets/open-howto/test --out open-howto-1-test.tar
    """
    digest = packing.pack(folder, out)
    click.echo(f"{out}  {out.stat().st_size:,} bytes  sha256:{digest}")
