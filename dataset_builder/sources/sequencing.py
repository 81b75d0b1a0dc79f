"""`sequencing`: the wikiHow manuals of Wu et al. (ACL 2022).

`wikihow.jsonl`: url, title, sections[{steps[{step_headline, step_assets{image-large}}]}]; a section is a method.
Pictures lie in `images/`, by the last part of their URL. Categories: `category_hierarchy`, or `--categories`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.records import picture_of, read_articles
from harness.contract.decoding import Record

MARKER = "wikihow.jsonl"

EmptyList = Annotated[list[str], Meta(max_length=0)]


class StepAssets(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The files of a step: the URL of its picture, if it has one."""

    large: str | None = field(name="image-large", default=None)


class ManualStep(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One step of a section. An empty list of assets counts as none."""

    step_headline: str | None
    step_assets: StepAssets | EmptyList | None = None

    @property
    def picture_url(self) -> str | None:
        """The URL of the step's picture."""
        return self.step_assets.large if isinstance(self.step_assets, StepAssets) else None


class ManualSection(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One section: a method."""

    steps: list[ManualStep]


class Manual(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of `wikihow.jsonl`."""

    url: Annotated[str, Meta(min_length=1)]
    title: str
    sections: list[ManualSection]
    category_hierarchy: list[str] | None = None


def read(raw: Path) -> Iterator[Article]:
    """Yield the articles of `wikihow.jsonl`."""
    return read_articles(raw / MARKER, Manual, _article)


def _article(manual: Manual) -> Article:
    steps = tuple(
        RawStep(step.step_headline or "", picture_of(step.picture_url), method)
        for method, section in enumerate(manual.sections)
        for step in section.steps
    )
    category = manual.category_hierarchy[0] if manual.category_hierarchy else ""
    return Article(manual.url, manual.title, category, steps)
