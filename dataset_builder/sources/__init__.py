"""Sources: one reader for each layout of a raw folder, all yielding `Article`; a CSV may add categories."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dataset_builder.articles.article import Article, single_line
from dataset_builder.sources import goalstep, myfixit, own, recipeqa, sequencing, tiir, vgsi, visualhow, wikiplan
from dataset_builder.sources.pictures import CrawlPictures
from dataset_builder.sources.records import BadRecord, ReadRecord
from harness.contract import files
from harness.errors import InputError

COLUMNS = ("task", "category")
TOLD = 20  # bad records that are told by name; the others are counted


@dataclass(frozen=True, slots=True)
class Source:
    """A layout of raw data. markers: patterns of the files by which it is recognised; one match is enough."""

    markers: tuple[str, ...]
    read: Callable[[CrawlPictures], Iterator[ReadRecord]]

    def recognises(self, raw: Path) -> bool:
        """Return whether the folder holds a marker."""
        return any(next(raw.glob(marker), None) is not None for marker in self.markers)


SOURCES = {
    "articles": Source((own.MARKER,), own.read),
    "goalstep": Source((goalstep.MARKER,), goalstep.read),
    "myfixit": Source((myfixit.MARKER,), myfixit.read),
    "recipeqa": Source(recipeqa.MARKERS, recipeqa.read),
    "sequencing": Source(sequencing.MARKERS, sequencing.read),
    "tiir": Source((tiir.MARKER,), tiir.read),
    "vgsi": Source((vgsi.MARKER,), vgsi.read),
    "visualhow": Source((visualhow.MARKER,), visualhow.read),
    "wikiplan": Source((wikiplan.MARKER,), wikiplan.read),
}


@dataclass
class BadRecords:
    """Records of a crawl that could not be read: their number, and the faults of the first `TOLD`."""

    number: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, bad: BadRecord) -> None:
        """Count one record."""
        self.number += 1
        if len(self.faults) < TOLD:
            self.faults.append(bad.fault)


class BadRecordsError(InputError):
    """A crawl has records that cannot be read. bad: their number and their faults."""

    def __init__(self, raw: Path, bad: BadRecords) -> None:
        more = "" if bad.number == 1 else f" {bad.number} records of {raw} cannot be read; this is the first."
        super().__init__(f"{bad.faults[0]}.{more} Mend the crawl, or leave such records out with --skip-bad.")
        self.bad = bad


def read(
    raw: Path, name: str | None = None, categories: Path | None = None, skipped: BadRecords | None = None
) -> Iterator[Article]:
    """Yield every article of the raw folder, in the folder's own order.

    Args:
        name: a key of `SOURCES`; by default, the layout is recognised by its markers.
        categories: a CSV that gives articles their categories (`read_categories`).
        skipped: counts the records that cannot be read; without it, they are an error after the last article.

    Raises:
        InputError: there is no such folder or source, or a file in it cannot be read.
        BadRecordsError: records do not fit the layout, and `skipped` is not given; raised after the last article.
    """
    return read_pictures(open_crawl(raw), name, categories, skipped)


def open_crawl(raw: Path) -> CrawlPictures:
    """Return the pictures of a crawl, which every source reads with.

    Raises:
        InputError: there is no such folder.
    """
    if not raw.is_dir():
        raise InputError(f"{raw}: no such folder; wanted the folder of a raw crawl")
    return CrawlPictures(raw)


def read_pictures(
    pictures: CrawlPictures,
    name: str | None = None,
    categories: Path | None = None,
    skipped: BadRecords | None = None,
) -> Iterator[Article]:
    """Yield every article as `read` does; afterwards `pictures.hits` tells where their pictures were found.

    Raises:
        InputError: the source is unknown.
    """
    if name is not None and name not in SOURCES:
        raise InputError(f"source {name!r} is unknown; wanted one of {', '.join(SOURCES)}")
    records = SOURCES[name or recognise(pictures.raw)].read(pictures)
    table = {} if categories is None else read_categories(categories)
    return _articles(pictures.raw, records, table, skipped)


def _articles(
    raw: Path, records: Iterator[ReadRecord], table: Mapping[str, str], skipped: BadRecords | None
) -> Iterator[Article]:
    bad = BadRecords() if skipped is None else skipped
    for record in records:
        if isinstance(record, BadRecord):
            bad.add(record)
        else:
            yield _with_category(record, table)
    if bad.number and skipped is None:
        raise BadRecordsError(raw, bad)


def recognise(raw: Path) -> str:
    """Return the name of the one source whose marker the folder holds.

    Raises:
        InputError: it holds no marker, or those of several sources.
    """
    found = [name for name, source in SOURCES.items() if source.recognises(raw)]
    if len(found) != 1:
        markers = ", ".join(f"{' or '.join(source.markers)} ({name})" for name, source in SOURCES.items())
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
        with io.TextIOWrapper(files.opened(path), encoding="utf-8-sig", newline="") as stream:
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
    category = table.get(_task(article.article_id)) or table.get(_task(article.title)) if table else None
    return replace(article, category=category) if category else article


def _task(text: str) -> str:
    return single_line(text).casefold().removeprefix("task:").strip().removeprefix("how to ").rstrip(".?!")
