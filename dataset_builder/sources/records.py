"""Records of a crawl: each becomes an article, or a bad record that names its place and its fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from dataset_builder.articles.article import Article
from harness.contract import decoding, files
from harness.contract.decoding import Record
from harness.errors import InputError

RawRecord = TypeVar("RawRecord", bound=Record)
# The root of all categories, on wikiHow's sites and in crawls.
ROOTS = {"categories", "category", "root", "main", "kategorien", "kategorie", "kategori", "kategoriler", "catégories"}
ROOTS |= {"categorías", "categorias", "categorie", "categorieën", "категории", "カテゴリ", "分类", "分類", "หมวดหมู่"}


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be read. fault: file, line or key, and the reason."""

    fault: str


ReadRecord = Article | BadRecord


def read_lines(path: Path, kind: type[RawRecord], to_article: Callable[[RawRecord], Article]) -> Iterator[ReadRecord]:
    """Yield one article or bad record per line of a JSON-lines file; empty lines are skipped.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with files.opened(path) as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield read_record(partial(decoding.decode, kind, line), to_article, f"{path}:{number}")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def read_object(path: Path) -> decoding.JsonObject:
    """Return the one JSON object of a file.

    Raises:
        InputError: the file cannot be read, or holds no JSON object.
    """
    try:
        return decoding.parse_object(files.content(path), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def read_record(
    decode: Callable[[str], RawRecord], to_article: Callable[[RawRecord], Article], where: str
) -> ReadRecord:
    """Return the article of one record, or a bad record.

    Args:
        decode: returns the record; its argument is the place that an error names.
    """
    try:
        record = decode(where)
    except InputError as error:
        return BadRecord(str(error))
    return make_article(partial(to_article, record), where)


def make_article(make: Callable[[], Article], where: str) -> ReadRecord:
    """Return the article that `make` returns, or a bad record if it is no legal article."""
    try:
        return make()
    except ValueError as error:
        return BadRecord(f"{where}: {error}")


def first_category(names: list[str] | None) -> str:
    """Return the top category of a path of categories, without a root such as "Categories"; empty if there is none."""
    kept = [name for name in names or () if name.strip().casefold() not in ROOTS]
    return kept[0] if kept else ""


def count_fault(texts: int, pictures: int) -> str:
    """Return why texts and pictures cannot be matched by their place; empty if there are as many of each."""
    return "" if texts == pictures else f"{texts} step texts and {pictures} pictures"
