"""`wikiorder dataset export`: write one subset as a file that other tools open."""

from __future__ import annotations

from pathlib import Path

import click

from dataset_builder.describe import export as exporting
from harness.contract import frozen_set
from harness.errors import InputError

FOLDER = click.Path(path_type=Path)
WRITERS = {"parquet": exporting.write_parquet}


@click.command(epilog="Example: wikiorder dataset export sets/open-howto/test --out test.parquet")
@click.argument("folder", type=FOLDER)
@click.option("--format", "layout", type=click.Choice([*WRITERS]), default="parquet", show_default=True)
@click.option("--out", required=True, type=FOLDER, help="The file to write; it must not exist.")
def export(folder: Path, layout: str, out: Path) -> None:
    """Write one subset as a file that other tools open: the paper's five fields, pictures included.

    \f
    Raises:
        InputError: the file exists, or the library that writes it is not installed.
    """
    if out.exists():
        raise InputError(f"{out}: exists already; name another --out")
    frozen = frozen_set.load(folder)
    try:
        WRITERS[layout](frozen, out)
    except ModuleNotFoundError as error:
        raise InputError(
            f"{layout} needs {error.name}, which is not installed: pip install 'wikiorder[export]'"
        ) from None
    click.echo(f"{out}: {len(frozen.questions)} pairs, {', '.join(exporting.columns(frozen))}")
