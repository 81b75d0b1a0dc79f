"""Where articles come from: one small reader for each layout of a raw folder, all yielding the same `Article`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dataset_builder.articles.article import Article
from dataset_builder.sources import categories as side_table
from dataset_builder.sources import own, sequencing, vgsi, visualhow, wikiplan
from harness.errors import InputError


@dataclass(frozen=True, slots=True)
class Source:
    """A layout of raw data. `marker` is the file or folder that gives it away."""

    marker: str
    read: Callable[[Path], Iterator[Article]]


SOURCES = {
    "articles": Source(own.MARKER, own.read),
    "sequencing": Source(sequencing.MARKER, sequencing.read),
    "vgsi": Source(vgsi.MARKER, vgsi.read),
    "visualhow": Source(visualhow.MARKER, visualhow.read),
    "wikiplan": Source(wikiplan.MARKER, wikiplan.read),
}


def read(raw: Path, name: str | None = None, categories: Path | None = None) -> Iterator[Article]:
    """Every article of the raw folder, as it comes. The layout is sniffed unless it is named.

    categories: a side table that says of articles which category they are in (`sources.categories`).
    """
    if not raw.is_dir():
        raise InputError(f"{raw}: no such folder; wanted the folder of a raw crawl")
    if name is not None and name not in SOURCES:
        raise InputError(f"source {name!r} is unknown; wanted one of {', '.join(SOURCES)}")
    articles = SOURCES[name or sniff(raw)].read(raw)
    if categories is None:
        return articles
    table = side_table.read(categories)
    return (side_table.fill(article, table) for article in articles)


def sniff(raw: Path) -> str:
    """The name of the one source whose marker the folder holds."""
    found = [name for name, source in SOURCES.items() if (raw / source.marker).exists()]
    if len(found) != 1:
        markers = ", ".join(f"{source.marker} ({name})" for name, source in SOURCES.items())
        seen = f"the markers of {' and '.join(found)}" if found else "no known layout"
        raise InputError(f"{raw}: found {seen}; wanted one of {markers}. Say which with --source.")
    return found[0]
