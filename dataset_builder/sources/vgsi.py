"""`vgsi`: the wikiHow crawl of Yang et al. 2021 (Visual Goal-Step Inference).

`WikihowText_data.json` holds one JSON object per line: file_id, goal, category_hierarchy, methods[{name,
steps[{headline, img, step_id}]}]. Pictures are `wiki_images/<img>.png`; their true format may differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.records import read_articles
from harness.contract.decoding import Record

MARKER = "WikihowText_data.json"


class VgsiStep(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One step of a method. `img`: name of its picture, without folder and suffix."""

    headline: str | None
    img: str | int | None = None


class VgsiMethod(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One method: an alternative way to the goal."""

    steps: list[VgsiStep]


class VgsiArticle(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of `WikihowText_data.json`."""

    file_id: str | int
    goal: str
    category_hierarchy: list[str] | None
    methods: list[VgsiMethod]


def read(raw: Path) -> Iterator[Article]:
    """Yield the articles of `WikihowText_data.json`."""
    return read_articles(raw / MARKER, VgsiArticle, _article)


def _article(row: VgsiArticle) -> Article:
    steps = tuple(
        RawStep(step.headline or "", f"wiki_images/{step.img}.png" if step.img else "", number)
        for number, method in enumerate(row.methods)
        for step in method.steps
    )
    category = row.category_hierarchy[0] if row.category_hierarchy else ""
    return Article(str(row.file_id), row.goal, category, steps)
