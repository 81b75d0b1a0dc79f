"""`goalstep`: the wikiHow corpus of Zhang et al. (EMNLP 2020), "Reasoning about Goals, Steps, and Temporal Ordering".

One JSON file per article, as the authors' README and the example file of the Turkish corpus in the same format
(GGLAB-KU/turkish-plu) show: title, url, category_hierarchy[], and one of methods[], parts[] and steps[], each of
{name, steps[{headline, img}]} or of steps themselves. Methods are alternatives; parts and steps follow each other.
`img` is the picture's URL, or the page's URL with `#/File:<name>`. The corpus has no pictures, and its archive names no
folder: `corpus/*.json` for articles and `images/<name>` for pictures that you fetched are our convention.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import field

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.pictures import CrawlPictures, Place, last_parts, url_path
from dataset_builder.sources.records import ReadRecord, first_category, read_record
from harness.contract import decoding, files
from harness.contract.decoding import Record

MARKER = "corpus/*.json"


class GoalStep(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One step, or a group of steps: a group has `steps`."""

    headline: str | None = None
    img: str | None = None
    steps: list[GoalStep] | None = None

    def flat(self) -> Iterator[GoalStep]:
        """Yield the steps of a group, or the step itself."""
        yield from (self,) if self.steps is None else self.steps


class GoalStepArticle(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One file of the corpus."""

    title: str
    category_hierarchy: list[str] | None = None
    methods: list[GoalStep] = field(default_factory=list)
    parts: list[GoalStep] = field(default_factory=list)
    steps: list[GoalStep] = field(default_factory=list)


def read(pictures: CrawlPictures) -> Iterator[ReadRecord]:
    """Yield the article of every file in `corpus/`."""
    for path in sorted(pictures.raw.glob(MARKER)):
        decode = partial(_decode, path)
        yield read_record(decode, partial(_article, pictures, path.stem), str(path))


def _decode(path: Path, where: str) -> GoalStepArticle:
    return decoding.decode(GoalStepArticle, files.content(path), where)


def _article(pictures: CrawlPictures, name: str, row: GoalStepArticle) -> Article:
    found = [(step, number) for number, method in enumerate(row.methods) for step in method.flat()]
    found += [(step, 0) for group in (*row.parts, *row.steps) for step in group.flat()]
    kinds = [kind for kind in ("methods", "parts", "steps") if getattr(row, kind)]
    steps = tuple(RawStep(one.headline or "", pictures.find(*_places(one.img)), number) for one, number in found)
    fault = f"{' and '.join(kinds)} in one article" if len(kinds) > 1 else ""
    return Article(name, row.title, first_category(row.category_hierarchy), steps, fault=fault)


def _places(url: str | None) -> Iterator[Place]:
    """Yield the places of a picture, by its URL or by the file's name in the page's URL."""
    fragment = unquote(urlsplit(url or "").fragment)
    path = fragment.rpartition(":")[2] if ":" in fragment else url_path(url)
    if path:
        yield Place("images/<last two parts of img>", f"images/{last_parts(path, 2)}")
        yield Place("images/<last part of img>", f"images/{last_parts(path, 1)}")
