"""`wikiorder dataset stats`: Table 1 of a build or set, with histograms and word clouds."""

from __future__ import annotations

from pathlib import Path

import click

from dataset_builder.describe import statistics
from harness.contract import checksums, decoding, files, frozen_set, release
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder dataset stats sets/open-howto")
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, help="Folder for stats.json, stats.md and the figures. Default: beside FOLDER.")
@click.option("--key-file", type=FOLDER, help="The release key of a hidden set, so that its canaries are left out.")
@click.option("--figures/--no-figures", default=True, help="Draw histograms and word clouds.")
def stats(folder: Path, out: Path | None, key_file: Path | None, figures: bool) -> None:
    """Show Table 1 of a build or of one set, beside the published one, with histograms and word clouds."""
    key = release.read_key(key_file) if key_file else None
    sets = _subsets(folder)
    subsets = {
        name: statistics.counted(frozen, release.canaries(frozen, key) if key else ()) for name, frozen in sets.items()
    }
    out = out or _beside(folder)
    out.mkdir(parents=True, exist_ok=True)
    files.write(out / "stats.json", decoding.json_page(statistics.summarise(subsets)).encode())
    pictures: list[str] = []
    if figures:
        from dataset_builder.describe import statistics_figures as drawing
        from harness.report import style

        pictures = style.save(drawing.spread(subsets), out, "spread")
        pictures += style.save(drawing.clouds(statistics.titles(subsets)), out, "words")
    shown = "".join(f"\n![{name}]({name})\n" for name in pictures if name.endswith(".png"))
    files.write(
        out / "stats.md", f"# {folder.resolve().name}\n\n{statistics.format_table(subsets, 'github')}\n{shown}".encode()
    )
    click.echo(statistics.format_table(subsets))
    if key is None and any(frozen.manifest.visibility == "hidden" for frozen in sets.values()):
        click.echo("Canaries are counted in; --key-file leaves them out.")
    click.echo(out)


def _subsets(folder: Path) -> dict[str, FrozenSet]:
    """Return the sets of a build, or the folder itself if it is a set."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    if (folder / "manifest.json").is_file():
        frozen = frozen_set.load(folder)
        return {frozen.manifest.subset: frozen}
    found = {name: frozen_set.load(folder / name) for name in frozen_set.SUBSETS if (folder / name).is_dir()}
    if not found:
        raise InputError(
            f"{folder}: no frozen set and no build; wanted manifest.json in it, or train, validation, test"
        )
    return found


def _beside(folder: Path) -> Path:
    """Return FOLDER.stats; for a subset, a folder outside its build, since an extra file would break its checksums."""
    folder = folder.resolve()
    if (folder.parent / checksums.SUMS).is_file():
        return folder.parent.with_name(f"{folder.parent.name}-{folder.name}.stats")
    return folder.with_name(f"{folder.name}.stats")
