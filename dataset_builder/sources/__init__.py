"""Sources: one reader for each layout of a raw folder, all yielding `Article`; a CSV may add categories."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dataset_builder.articles.article import Article, single_line
from dataset_builder.sources import own, sequencing, vgsi, visualhow, wikiplan
from harness.errors import InputError

COLUMNS = ("task", "category")


@dataclass(frozen=True, slots=True)
class Source:
    """A layout of raw data. marker: the file or folder by which it is recognised."""

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
    """Yield every article of the raw folder, in the folder's own order.

    Args:
        name: a key of `SOURCES`; by default, the layout is recognised by its marker.
        categories: a CSV that gives articles their categories (`read_categories`).

    Raises:
        InputError: there is no such folder or source, or a file in it does not fit the layout.
    """
    if not raw.is_dir():
        raise InputError(f"{raw}: no such folder; wanted the folder of a raw crawl")
    if name is not None and name not in SOURCES:
        raise InputError(f"source {name!r} is unknown; wanted one of {', '.join(SOURCES)}")
    articles = SOURCES[name or recognise(raw)].read(raw)
    if categories is None:
        return articles
    table = read_categories(categories)
    return (_with_category(article, table) for article in articles)


def recognise(raw: Path) -> str:
    """Return the name of the one source whose marker the folder holds.

    Raises:
        InputError: it holds no marker, or those of several sources.
    """
    found = [name for name, source in SOURCES.items() if (raw / source.marker).exists()]
    if len(found) != 1:
        markers = ", ".join(f"{source.marker} ({name})" for name, source in SOURCES.items())
        seen = f"the markers of {' and '.join(found)}" if found else "no known layout"
        raise InputError(f"{raw}: found {seen}; wanted one of {markers}. Say which with --source.")
    return found[0]


def read_categories(path: Path) -> dict[str, str]:
    """Return the category of each task, for collections whose folders hold no categories.

    Args:
        path: a CSV with the columns `task` and `category`; a task is an article's id or its title, with or without
            "How to".

    Raises:
        InputError: the file is missing, is no CSV in UTF-8, or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                found = ", ".join(rows.fieldnames or ()) or "nothing"
                raise InputError(f"{path}: its columns are {found}; wanted {' and '.join(COLUMNS)}")
            return {_task(row["task"] or ""): single_line(row["category"] or "") for row in rows}
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted a CSV of {' and '.join(COLUMNS)}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: no CSV in UTF-8 ({error})") from None


def _with_category(article: Article, table: Mapping[str, str]) -> Article:
    """Return the article with the table's category, if the table holds its id or its title."""
    category = table.get(_task(article.article_id)) or table.get(_task(article.title))
    return replace(article, category=category) if category else article


def _task(text: str) -> str:
    return single_line(text).casefold().removeprefix("task:").strip().removeprefix("how to ").rstrip(".?!")
