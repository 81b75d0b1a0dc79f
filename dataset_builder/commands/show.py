"""`wikiorder dataset show`."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", required=True, type=FOLDER, help="The folder for show.html and show.png.")
@click.option("--per-category", type=click.IntRange(1), default=1, show_default=True, help="Pairs of each category.")
@click.option("--category", "categories", multiple=True, help="Only this one; may be given several times.")
@click.option("--blind", is_flag=True, help="Do not say which pairs are in order.")
def show(folder: Path, out: Path, per_category: int, categories: tuple[str, ...], blind: bool) -> None:
    """Draw pairs as people see them: title, two pictures, two headlines.

    \b
    wikiorder dataset show sets/open-howto/test --out pairs
    """
    from dataset_builder.describe import showing
    from harness.contract import files, frozen_set

    frozen = frozen_set.load(folder)
    pairs = showing.choose(frozen, per_category, categories, blind)
    out.mkdir(parents=True, exist_ok=True)
    files.write(out / "show.html", showing.page("show.html.jinja", title=frozen.title, pairs=pairs).encode())
    with files.arriving(out / "show.png") as partial:
        showing.sheet(pairs).save(partial, "PNG")
    click.echo(f"{len(pairs)} pairs: {out / 'show.html'} and {out / 'show.png'}")
