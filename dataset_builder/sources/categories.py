"""A side table of categories, for collections whose folders hold none.

CSV with the columns `task` and `category`; a task is an article's id or its title, with or without "How to".
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dataset_builder.articles.article import Article, plain
from harness.errors import InputError

COLUMNS = ("task", "category")


def read(path: Path) -> dict[str, str]:
    """The category of each task."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                found = ", ".join(rows.fieldnames or ()) or "nothing"
                raise InputError(f"{path}: its columns are {found}; wanted {' and '.join(COLUMNS)}")
            return {_key(row["task"] or ""): plain(row["category"] or "") for row in rows}
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted a CSV of {' and '.join(COLUMNS)}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: no CSV in UTF-8 ({error})") from None


def fill(article: Article, table: Mapping[str, str]) -> Article:
    """The article with the table's category, if the table has one for its id or its title."""
    category = table.get(_key(article.article_id)) or table.get(_key(article.title))
    return replace(article, category=category) if category else article


def _key(task: str) -> str:
    return plain(task).casefold().removeprefix("task:").strip().removeprefix("how to ").rstrip(".?!")
