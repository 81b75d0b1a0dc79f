"""`wikiorder dataset pack`: put a frozen set into one tar file."""

from __future__ import annotations

from pathlib import Path

import click

from dataset_builder.describe import packing

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder dataset pack sets/open-howto/test --out open-howto-1-test.tar.xz")
@click.argument("folder", type=FOLDER)
@click.option("--out", required=True, type=FOLDER, help="The file to write, .tar or .tar.xz; it must not exist.")
def pack(folder: Path, out: Path) -> None:
    """Put a frozen set, or a whole build, into one tar file: the same bytes from the same set, on every machine.

    The file contains the ground truth: the tar file of a hidden set stays with its maintainer.
    """
    digest = packing.pack(folder, out)
    click.echo(f"{out}  {out.stat().st_size:,} bytes  sha256:{digest}")
