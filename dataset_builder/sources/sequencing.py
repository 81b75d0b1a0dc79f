"""`sequencing`: the wikiHow manuals of Wu et al. (ACL 2022).

The authors' loader reads JSON lines from `wikihow-<version>-<train|dev|test>.json` (version `acl22`) or
`wikihow-<train|dev|test>.json`: url, title, sections[{steps[{step_headline, step_text, step_assets}]}]. A section is a
method. The picture is `step_assets["image-large"]`, else `step_assets["image-src-1"]`, a path below the folder in which
`/images/` stands for `/www.wikihow.com/images/` or `/wikihow.com/images/`. `wikihow-categories-output.json` (JSON
lines: url, categories[{"category title"}], the root first) gives the categories, as `category_hierarchy` or
`--categories` do. `wikihow.jsonl` is read as one more name of the manuals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.pictures import CrawlPictures, Place, last_parts, url_path
from dataset_builder.sources.records import ReadRecord, first_category, read_lines
from harness.contract import decoding, files
from harness.contract.decoding import Record

MARKERS = ("wikihow-acl22-*.json", "wikihow-train.json", "wikihow-dev.json", "wikihow-test.json", "wikihow.jsonl")
CATEGORIES = "wikihow-categories-output.json"
HOSTS = ("www.wikihow.com", "wikihow.com")

EmptyList = Annotated[list[str], Meta(max_length=0)]


class StepAssets(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The files of a step: its picture in two sizes, if it has one."""

    large: str | None = field(name="image-large", default=None)
    small: str | None = field(name="image-src-1", default=None)


class ManualStep(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One step of a section. An empty list of assets counts as none."""

    step_headline: str | None
    step_assets: StepAssets | EmptyList | None = None

    @property
    def assets(self) -> tuple[tuple[str, str], ...]:
        """The pictures that the step names, by field, the preferred one first."""
        if not isinstance(self.step_assets, StepAssets):
            return ()
        named = (("image-large", self.step_assets.large), ("image-src-1", self.step_assets.small))
        return tuple((name, value) for name, value in named if value)


class ManualSection(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One section: a method."""

    steps: list[ManualStep]


class Manual(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of the manuals."""

    url: Annotated[str, Meta(min_length=1)]
    title: str
    sections: list[ManualSection]
    category_hierarchy: list[str] | None = None


class ListedCategory(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One category in the path of an article."""

    title: str = field(name="category title")


class ListedCategories(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of `wikihow-categories-output.json`."""

    url: str
    categories: list[ListedCategory]


def read(pictures: CrawlPictures) -> Iterator[ReadRecord]:
    """Yield the articles of all files of manuals."""
    categories = _categories(pictures.raw / CATEGORIES)
    for marker in MARKERS:
        for path in sorted(pictures.raw.glob(marker)):
            yield from read_lines(path, Manual, partial(_article, pictures, categories))


def _categories(path: Path) -> dict[str, str]:
    """Return the category of each URL: the second of its path, since the first is the root."""
    if not path.exists():
        return {}
    rows = (decoding.convert(ListedCategories, row, f"{path}:{number}") for number, row in files.read_json_lines(path))
    return {row.url: row.categories[1].title for row in rows if len(row.categories) > 1}


def _article(pictures: CrawlPictures, categories: Mapping[str, str], manual: Manual) -> Article:
    steps = tuple(
        RawStep(step.step_headline or "", pictures.find(*_places(step)), method)
        for method, section in enumerate(manual.sections)
        for step in section.steps
    )
    category = first_category(manual.category_hierarchy) or categories.get(manual.url, "")
    return Article(manual.url, manual.title, category, steps)


def _places(step: ManualStep) -> Iterator[Place]:
    for name, value in step.assets:
        path = url_path(value)
        inside = path.partition("images/")[2]
        if inside:
            for host in HOSTS:
                yield Place(f"{host}/images/<{name}>", f"{host}/images/{inside}")
        yield Place(f"<{name}>", path)
        yield Place(f"images/<last part of {name}>", f"images/{last_parts(path, 1)}")
