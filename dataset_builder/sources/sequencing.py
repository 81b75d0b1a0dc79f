"""`sequencing`: the wikiHow manuals of Wu et al. (ACL 2022).

`wikihow.jsonl`: url, title, sections[{steps[{step_headline, step_assets{image-large}}]}]; a section is a method.
Pictures lie in `images/`, by the last part of their URL. Categories: `category_hierarchy`, or `--categories`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.visualhow import picture_of
from harness.contract import files

MARKER = "wikihow.jsonl"


def read(raw: Path) -> Iterator[Article]:
    return files.read_records(raw / MARKER, "raw_sequencing", _article)


def _article(row: dict[str, Any]) -> Article:
    steps = tuple(
        RawStep(
            step["step_headline"] or "", picture_of((step.get("step_assets") or {}).get("image-large") or ""), method
        )
        for method, section in enumerate(row["sections"])
        for step in section["steps"]
    )
    hierarchy = row.get("category_hierarchy") or [""]
    return Article(row["url"], row["title"], hierarchy[0], steps)
