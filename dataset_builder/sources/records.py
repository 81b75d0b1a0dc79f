"""Shared by the sources: read a file of JSON lines as typed records, and find the picture of a URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from dataset_builder.articles.article import Article
from harness.contract import decoding, files
from harness.contract.decoding import Record
from harness.errors import InputError

PICTURES = "images"

RawRecord = TypeVar("RawRecord", bound=Record)


def read_articles(path: Path, kind: type[RawRecord], to_article: Callable[[RawRecord], Article]) -> Iterator[Article]:
    """Yield one article per line of a JSON-lines file.

    Raises:
        InputError: a line is no JSON object, does not fit `kind`, or makes no legal article; the message names it.
    """
    for number, row in files.read_json_lines(path):
        where = f"{path}:{number}"
        yield checked_article(decoding.convert(kind, row, where), to_article, where)


def checked_article(record: RawRecord, to_article: Callable[[RawRecord], Article], where: str) -> Article:
    """Return the article of a record.

    Raises:
        InputError: it is no legal article, such as one without an id.
    """
    try:
        return to_article(record)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None


def picture_of(url: str | None) -> str:
    """Return the path of a URL's picture below the raw folder: the last part of the URL; empty without a URL.

    Raises:
        ValueError: the URL cannot be parsed.
    """
    name = PurePosixPath(unquote(urlsplit(url or "").path)).name
    return f"{PICTURES}/{name}" if name else ""
