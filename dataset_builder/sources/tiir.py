"""`tiir`: the documents of wikiHow-TIIR (Zhang et al., "Towards Text-Image Interleaved Retrieval", ACL 2025).

`docs.jsonl`: {id, data[]}, as the authors' scripts read it: an item of `data` that ends with `.png` is a picture's
path, every other is a text. The first text is taken as the title; then texts and pictures take turns, in either order,
and each two neighbours are a step. A document that does not alternate is dropped. Pictures are read at their path, or
as `doc_images/<name>`. The documents have no categories: `--categories` adds them by id or by title.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.pictures import CrawlPictures, Place, last_parts
from dataset_builder.sources.records import ReadRecord, read_lines
from harness.contract.decoding import Record

MARKER = "docs.jsonl"
SUFFIX = ".png"


class TiirDocument(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of `docs.jsonl`."""

    id: str | int
    data: list[str]


def read(pictures: CrawlPictures) -> Iterator[ReadRecord]:
    """Yield the documents of `docs.jsonl`."""
    return read_lines(pictures.raw / MARKER, TiirDocument, partial(_article, pictures))


def _article(pictures: CrawlPictures, row: TiirDocument) -> Article:
    if not row.data or row.data[0].endswith(SUFFIX):
        raise ValueError("data does not begin with a title")
    title, *items = row.data
    kinds = ["picture" if item.endswith(SUFFIX) else "text" for item in items]
    alternate = len(items) % 2 == 0 and all(one != other for one, other in pairwise(kinds))
    if not alternate:
        places = kinds.count("picture")
        fault = f"{len(kinds) - places} texts and {places} pictures behind the title, not in turns"
        return Article(str(row.id), title, "", tuple(RawStep(item, "") for item in items), fault=fault)
    texts, paths = (items[::2], items[1::2]) if kinds[:1] == ["text"] else (items[1::2], items[::2])
    steps = tuple(RawStep(text, pictures.find(*_places(path))) for text, path in zip(texts, paths, strict=True))
    return Article(str(row.id), title, "", steps)


def _places(path: str) -> Iterator[Place]:
    yield Place("<path in data>", path.removeprefix("./"))
    yield Place("doc_images/<last part of the path>", f"doc_images/{last_parts(path, 1)}")
