"""`wikiorder dataset`: build, verify and look at frozen sets. A command parses, calls, prints."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dataset_builder.sources import SOURCES
from harness.commands.lazy import LazyGroup
from harness.contract import checksums
from harness.errors import HarnessError

if TYPE_CHECKING:
    from dataset_builder.articles.article import Article

FOLDER = click.Path(path_type=Path)


COMMANDS = {
    "build": ("dataset_builder.commands.dataset:build", "Freeze train, validation and test sets from a raw crawl."),
    "verify": ("dataset_builder.commands.dataset:verify", "Name every altered, missing or extra file."),
    "stats": ("dataset_builder.commands.stats:stats", "Table 1 of a build, beside the published one."),
    "audit": ("dataset_builder.commands.audit:audit", "Try to tell the order from what should not tell it."),
    "show": ("dataset_builder.commands.show:show", "Draw pairs as people see them, as a page and a picture."),
    "sheet": ("dataset_builder.commands.sheet:sheet", "Ask people blind, and score them as a row of the board."),
    "pack": ("dataset_builder.commands.pack:pack", "Put a set into one tar file with one digest."),
    "export": ("dataset_builder.commands.export:export", "Write a subset as Parquet, pictures included."),
    "sample": ("dataset_builder.commands.sample:sample", "Draw and freeze the calibrated sample that ships."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def dataset() -> None:
    """Build, verify and look at frozen sets."""


@click.command()
@click.option("--spec", required=True, metavar="NAME|FILE", help="A spec that ships, or the path of a TOML file.")
@click.option("--raw", required=True, type=FOLDER, help="The raw crawl; it is only read.")
@click.option("--out", required=True, type=FOLDER, help="The folder to make; it must not exist.")
@click.option("--source", type=click.Choice(sorted(SOURCES)), help="The crawl's layout, where sniffing cannot tell.")
@click.option("--categories", type=FOLDER, help="CSV of task and category, for crawls that hold no categories.")
@click.option("--key-file", type=FOLDER, help="The release key of a hidden set: 32 random bytes that stay with you.")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
def build(
    spec: str,
    raw: Path,
    out: Path,
    source: str | None,
    categories: Path | None,
    key_file: Path | None,
    workers: int,
) -> None:
    """Freeze train, validation and test sets from a raw crawl.

    \b
    wikiorder dataset build --spec open-howto --raw RAW --out sets/open-howto
    """
    from dataset_builder import build as road
    from dataset_builder import spec as specs
    from harness.contract import release

    key = release.read_key(key_file) if key_file else None
    request = road.Request(specs.load(spec), raw, out, source, categories, key, workers, _watch)
    built = road.build(request)
    click.echo(_tell(built.report))
    state = "" if built.fresh else "  (nothing has changed since it was built)"
    click.echo(f"{out}  sha256:{built.digest}{state}")


@click.command()
@click.argument("folder", type=FOLDER)
def verify(folder: Path) -> None:
    """Name every altered, missing or extra file of a build, or of one of its subsets.

    \b
    wikiorder dataset verify sets/open-howto
    wikiorder dataset verify sets/open-howto/test
    """
    digest, problems = checksums.verify(folder)
    for problem in problems:
        click.echo(problem)
    if problems:
        raise HarnessError(f"{folder}: {len(problems)} files are not as they were frozen; fetch or build it again")
    click.echo(f"{folder}: whole  sha256:{digest}")


def _watch(articles: Iterable[Article], total: int) -> Iterable[Article]:
    from tqdm import tqdm

    return tqdm(articles, total=total, desc="pictures", unit=" articles", disable=None)


def _tell(report: dict[str, Any]) -> str:
    """The report as a person reads it: what went, with an example, then what was frozen."""
    from tabulate import tabulate

    from harness.contract.frozen_set import SUBSETS

    gone = [
        (row["reason"], row["articles"], row["steps"], row["examples"][0][:80])
        for row in report["filters"]
        if row["articles"]
    ]
    subsets = {name: report["subsets"][name] for name in SUBSETS}
    frozen = [
        (category, *(f"{s['pairs'].get(category, 0)} / {s['articles'].get(category, 0)}" for s in subsets.values()))
        for category in report["spec"]["categories"]
    ]
    linked = ", ".join(f"{kind} {found['count']}" for kind, found in report["duplicates"]["links"].items())
    read = f"{report['articles_read']} articles read; {report['scrubbed']['headlines']} headlines scrubbed; "
    return "\n\n".join(
        [
            read + f"{report['duplicates']['groups']} duplicate groups (linked by {linked})",
            tabulate(gone, ("dropped because of", "articles", "steps", "such as")),
            tabulate(frozen, ("pairs / articles", *subsets), stralign="right"),
            "",
        ]
    )
