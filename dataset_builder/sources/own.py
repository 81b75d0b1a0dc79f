"""`articles`: our own layout, for every collection that has none of the others.

`articles.jsonl`, one article per line; pictures lie anywhere below the raw folder:

    {"id": "a1", "title": "How to Make Coffee", "category": "Cooking", "strata": {"kind": "both"},
     "steps": [{"headline": "Boil water.", "image": "pictures/kettle.jpg", "method": 0}, ...]}

`strata` (text values) and `method` (from 0) are optional. An absolute path counts if it lies below the raw folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import Annotated

from msgspec import Meta, field

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.pictures import CrawlPictures, Place
from dataset_builder.sources.records import ReadRecord, read_lines
from harness.contract.decoding import Record

MARKER = "articles.jsonl"


class OwnStep(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One step: headline, path of its picture below the raw folder, and number of its method."""

    headline: str
    image: str
    method: Annotated[int, Meta(ge=0)] = 0


class OwnArticle(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of `articles.jsonl`."""

    id: Annotated[str, Meta(min_length=1)]
    title: str
    category: str
    steps: list[OwnStep]
    strata: dict[str, str] = field(default_factory=dict)


def read(pictures: CrawlPictures) -> Iterator[ReadRecord]:
    """Yield the articles of `articles.jsonl`."""
    return read_lines(pictures.raw / MARKER, OwnArticle, partial(_article, pictures))


def _article(pictures: CrawlPictures, row: OwnArticle) -> Article:
    steps = tuple(
        RawStep(step.headline, pictures.find(*_places(pictures, step.image)), step.method) for step in row.steps
    )
    return Article(row.id, row.title, row.category, steps, row.strata)


def _places(pictures: CrawlPictures, image: str) -> tuple[Place, ...]:
    if not image.startswith("/"):
        return (Place("<image>", image),)
    root = f"{os.path.abspath(pictures.raw)}/"  # noqa: PTH100 - links stay as they are
    return (Place("absolute <image>", image.removeprefix(root)),)
