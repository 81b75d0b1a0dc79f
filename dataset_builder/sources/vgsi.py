"""`vgsi`: the wikiHow crawl of Yang et al. 2021 (Visual Goal-Step Inference).

`WikihowText_data.json` holds one JSON object a line: file_id, goal, category_hierarchy, methods[{name, steps[{headline,
img, step_id}]}]. Pictures are `wiki_images/<img>.png`, whatever their true format is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_builder.articles.article import Article, RawStep
from harness.contract import files

MARKER = "WikihowText_data.json"


def read(raw: Path) -> Iterator[Article]:
    return files.read_records(raw / MARKER, "raw_vgsi", _article)


def _article(row: dict[str, Any]) -> Article:
    steps = tuple(
        RawStep(step["headline"] or "", f"wiki_images/{step['img']}.png" if step.get("img") else "", method)
        for method, part in enumerate(row["methods"])
        for step in part["steps"]
    )
    hierarchy = row["category_hierarchy"]
    return Article(str(row["file_id"]), row["goal"], hierarchy[0] if hierarchy else "", steps)
