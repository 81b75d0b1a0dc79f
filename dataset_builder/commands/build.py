"""`wikiorder dataset build`: freeze train, validation and test sets from a raw crawl."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dataset_builder.sources import SOURCES

if TYPE_CHECKING:
    from dataset_builder.articles.article import Article
    from dataset_builder.build import BuildReport
    from dataset_builder.losses import LossReport

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder dataset build --spec open-howto --raw RAW --out sets/open-howto")
@click.option("--spec", required=True, metavar="NAME|FILE", help="A spec that ships, or the path of a TOML file.")
@click.option("--raw", required=True, type=FOLDER, help="The raw crawl; it is only read.")
@click.option("--out", required=True, type=FOLDER, help="The folder to make; it must not exist.")
@click.option("--source", type=click.Choice(sorted(SOURCES)), help="Layout of the crawl. Default: by its files.")
@click.option("--categories", type=FOLDER, help="CSV of task and category, for crawls without categories.")
@click.option("--key-file", type=FOLDER, help="The release key of a hidden set: 32 random bytes, to be kept secret.")
@click.option("--skip-bad", is_flag=True, help="Leave out records that cannot be read, and count them.")
@click.option("--follow-links", is_flag=True, help="Read pictures in linked folders of RAW that lead out of it.")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="cores", help="Processes.")
def build(
    spec: str,
    raw: Path,
    out: Path,
    source: str | None,
    categories: Path | None,
    key_file: Path | None,
    skip_bad: bool,
    follow_links: bool,
    workers: int,
) -> None:
    """Freeze train, validation and test sets from a raw crawl.

    The same crawl, spec and key always give the same sets. Nothing is built again if none of them has changed. All
    losses are listed in OUT.losses.json, also if the build fails.

    \f
    Raises:
        InputError: the crawl cannot be read, or cannot give the pairs that the spec asks for.
    """
    from dataset_builder import build as building
    from dataset_builder import losses
    from dataset_builder import spec as specs
    from harness.contract import release

    key = release.read_key(key_file) if key_file else None
    request = building.BuildRequest(
        specs.load(spec), raw, out, source, categories, key, workers, _progress, skip_bad, follow_links
    )
    try:
        built = building.build(request)
    except building.FailedBuildError as failure:
        click.echo(f"{losses.format_table(failure.losses)}\n{losses.path(out)}", err=True)
        raise failure.reason from None
    click.echo(_format(built.report, losses.read(out)))
    state = "" if built.fresh else "  (nothing has changed since it was built)"
    click.echo(f"{out}  sha256:{built.digest}{state}")


def _progress(articles: Iterable[Article], total: int) -> Iterable[Article]:
    from tqdm import tqdm

    return tqdm(articles, total=total, desc="pictures", unit=" articles", disable=None)


def _format(report: BuildReport, lost: LossReport | None) -> str:
    """Return the report as text: records skipped and articles dropped, with an example each, and the sets frozen."""
    from tabulate import tabulate

    from dataset_builder import losses
    from harness.contract.frozen_set import SUBSETS

    subsets = {name: report.subsets[name] for name in SUBSETS}
    frozen = [
        (category, *(f"{s.pairs.get(category, 0)} / {s.articles.get(category, 0)}" for s in subsets.values()))
        for category in report.spec.categories
    ]
    linked = ", ".join(f"{kind} {found.count}" for kind, found in report.duplicates.links.items())
    cleaned = f"{report.cleaned.headlines} headlines lost markup; " if report.cleaned else ""
    turned = f"{report.turned} pictures turned upright; " if report.turned else ""
    read = f"{report.articles_read} articles read; {report.scrubbed.headlines} headlines scrubbed; "
    parts = [
        read + cleaned + turned + f"{report.duplicates.groups} duplicate groups (linked by {linked})",
        losses.format_table(lost) if lost else losses.format_dropped(report.filters),
        tabulate(frozen, ("pairs / articles", *subsets), stralign="right"),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"
