"""`wikiorder dataset inspect`: look at a crawl before a build."""

from __future__ import annotations

from pathlib import Path

import click

from dataset_builder.sources import SOURCES

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder dataset inspect RAW --write-spec mine.toml")
@click.argument("raw", type=FOLDER)
@click.option("--spec", metavar="NAME|FILE", help="Compare the categories and quotas of this spec with the crawl.")
@click.option("--source", type=click.Choice(sorted(SOURCES)), help="Layout of the crawl. Default: by its files.")
@click.option("--categories", type=FOLDER, help="CSV of task and category, for crawls without categories.")
@click.option("--write-spec", "spec_file", type=FOLDER, help="Write a spec to start from; the file must not exist.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def inspect(
    raw: Path, spec: str | None, source: str | None, categories: Path | None, spec_file: Path | None, as_json: bool
) -> None:
    """Show a crawl's layout, pictures, categories, losses and languages, without decoding a picture.

    \f
    Raises:
        InputError: the file of --write-spec exists.
    """
    from dataset_builder import inspection
    from dataset_builder import spec as specs
    from harness.contract import decoding, files
    from harness.errors import InputError

    if spec_file is not None and spec_file.exists():
        raise InputError(f"{spec_file}: exists already; name another file for --write-spec")
    found = inspection.inspect(raw, specs.load(spec) if spec else None, source, categories)
    click.echo(decoding.json_page(found) if as_json else inspection.format_table(found))
    if spec_file is not None:
        spec_file.parent.mkdir(parents=True, exist_ok=True)
        files.write(spec_file, inspection.starting_spec(found, "my-set").encode())
        click.echo(f"{spec_file}: a spec to start from", err=as_json)
