"""`wikiorder dataset show`: draw pairs as people see them."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder dataset show sets/open-howto/test --out pairs")
@click.argument("folder", type=FOLDER)
@click.option("--out", required=True, type=FOLDER, help="The folder for show.html and show.png.")
@click.option("--per-category", type=click.IntRange(1), default=1, show_default=True, help="Pairs per category.")
@click.option("--category", "categories", multiple=True, help="Only this category; may be given several times.")
@click.option("--blind", is_flag=True, help="Leave out the labels.")
def show(folder: Path, out: Path, per_category: int, categories: tuple[str, ...], blind: bool) -> None:
    """Draw pairs as people see them: title, two pictures, two headlines. Of a whole build, its subset `test`."""
    from dataset_builder.describe import showing
    from harness.commands.evaluate import test_set
    from harness.contract import files, frozen_set

    frozen = frozen_set.load(test_set(folder))
    pairs = showing.choose(frozen, per_category, categories, blind)
    out.mkdir(parents=True, exist_ok=True)
    files.write(out / "show.html", showing.page("show.html.jinja", title=frozen.title, pairs=pairs).encode())
    with files.arriving(out / "show.png") as partial:
        showing.draw_cards(pairs).save(partial, "PNG")
    click.echo(f"{len(pairs)} pairs: {out / 'show.html'} and {out / 'show.png'}")
