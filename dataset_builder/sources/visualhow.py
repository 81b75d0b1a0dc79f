"""`visualhow`: the VisualHow collection (Yang et al. 2022).

`wikiHow_data.json` is one object, keyed by article and method ("033313_0"): article_id, category[], article_title,
image_url[], step_list[]. Each method is an article of its own here; equal titles keep them in one split.
`visualHow_annotations.txt` (JSON lines) tells the `dependency_type`; "sequential" is ordered, all else is not.
Pictures lie in `images/`, by the last part of their URL.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from dataset_builder.articles.article import Article, RawStep
from harness.contract import files, schema
from harness.errors import InputError

MARKER = "wikiHow_data.json"
ANNOTATIONS = "visualHow_annotations.txt"
PICTURES = "images"
SEQUENTIAL = "sequential"


def picture_of(url: str) -> str:
    """Where the picture of a URL lies below the raw folder; empty for no URL."""
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    return f"{PICTURES}/{name}" if name else ""


def read(raw: Path) -> Iterator[Article]:
    try:
        content = (raw / MARKER).read_bytes()
    except OSError as error:
        raise InputError(f"{raw / MARKER}: {error.strerror}") from None
    kinds = _kinds(raw / ANNOTATIONS)
    for key, row in files.parse_object(content, str(raw / MARKER)).items():
        where = f"{raw / MARKER}: {key}"
        schema.check(row, "raw_visualhow", where)
        kind = row.get("dependency_type") or kinds.get(key)
        try:
            yield _article(key, row, kind)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from None


def _kinds(path: Path) -> dict[str, str]:
    """The dependency type of each method that was annotated, by key."""
    if not path.exists():
        return {}
    rows = (row for _, row in files.read_json_lines(path))
    return {f"{row.get('article_id')}_{row.get('problem_index')}": str(row.get("dependency_type")) for row in rows}


def _article(key: str, row: dict[str, Any], kind: str | None) -> Article:
    urls = row["image_url"] + [""] * (len(row["step_list"]) - len(row["image_url"]))
    steps = tuple(RawStep(text or "", picture_of(url or "")) for text, url in zip(row["step_list"], urls, strict=False))
    strata = {} if kind is None else {"dependency": "ordered" if kind == SEQUENTIAL else "unordered"}
    category = row["category"][0] if row["category"] else ""
    return Article(key, row["article_title"], category, steps, strata)
