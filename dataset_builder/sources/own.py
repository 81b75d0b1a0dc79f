"""`articles`: our own layout, for every collection that has none of the others.

`articles.jsonl`, one article a line; pictures lie anywhere below the raw folder:

    {"id": "a1", "title": "How to Make Coffee", "category": "Cooking", "strata": {"kind": "both"},
     "steps": [{"headline": "Boil water.", "image": "pictures/kettle.jpg", "method": 0}, ...]}

`strata` (text values) and `method` (from 0) may be left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_builder.articles.article import Article, RawStep
from harness.contract import files

MARKER = "articles.jsonl"


def read(raw: Path) -> Iterator[Article]:
    return files.read_records(raw / MARKER, "raw_article", _article)


def _article(row: dict[str, Any]) -> Article:
    steps = (RawStep(step["headline"], step["image"], step.get("method", 0)) for step in row["steps"])
    return Article(row["id"], row["title"], row["category"], tuple(steps), row.get("strata", {}))
