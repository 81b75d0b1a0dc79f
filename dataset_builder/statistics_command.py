"""`wikiorder dataset stats`."""

from __future__ import annotations

from pathlib import Path

import click

from dataset_builder import statistics
from harness import files, release, testset
from harness.records import InputError

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, help="Where stats.json, stats.md and the figures go. Default: FOLDER.stats.")
@click.option("--key-file", type=FOLDER, help="The release key of a hidden set, so that its canaries are left out.")
@click.option("--figures/--no-figures", default=True, help="Draw histograms and word clouds.")
def stats(folder: Path, out: Path | None, key_file: Path | None, figures: bool) -> None:
    """Table 1 of a build, beside the published one, with histograms and word clouds.

    \b
    wikiorder dataset stats sets/open-howto
    """
    key = release.read_key(key_file) if key_file else None
    subsets = {name: _rows(folder, name, key) for name in testset.SUBSETS}
    out = out or folder.with_name(f"{folder.name}.stats")
    out.mkdir(parents=True, exist_ok=True)
    files.write(out / "stats.json", files.json_page(statistics.to_json(subsets)).encode())
    pictures: list[str] = []
    if figures:
        from dataset_builder import statistics_figures as drawing
        from harness.analysis import style

        pictures = style.save(drawing.spread(subsets), out, "spread")
        pictures += style.save(drawing.clouds(statistics.titles(subsets)), out, "words")
    shown = "".join(f"\n![{name}]({name})\n" for name in pictures if name.endswith(".png"))
    files.write(out / "stats.md", f"# {folder.name}\n\n{statistics.show(subsets, 'github')}\n{shown}".encode())
    click.echo(statistics.show(subsets))
    click.echo(out)


def _rows(folder: Path, subset: str, key: bytes | None) -> statistics.Rows:
    if not (folder / subset).is_dir():
        raise InputError(f"{folder}: no {subset} in it; wanted a build, which holds train, validation and test")
    frozen = testset.load(folder / subset)
    return statistics.counted(frozen, release.canaries(frozen, key) if key else ())
