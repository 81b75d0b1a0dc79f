"""`visualhow`: the VisualHow collection (Yang et al. 2022).

`wikiHow_data.json` is one object, keyed by article and method ("033313_0"): article_id, category[], article_title,
image_url[], step_list[]. Each method becomes an article of its own; equal titles keep them in the same subset.
`visualHow_annotations.txt` (JSON lines) gives the `dependency_type`; "sequential" is ordered, every other is not.
Pictures lie in `images/`, by the last part of their URL.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.records import checked_article, picture_of
from harness.contract import decoding, files
from harness.contract.decoding import Record
from harness.errors import InputError

MARKER = "wikiHow_data.json"
ANNOTATIONS = "visualHow_annotations.txt"
SEQUENTIAL = "sequential"


class VisualHowMethod(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One value of `wikiHow_data.json`: one method of an article."""

    article_title: str
    category: list[str]
    image_url: list[str | None]
    step_list: list[str | None]
    dependency_type: str | None = None


class VisualHowAnnotation(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of `visualHow_annotations.txt`: the dependency type of one method."""

    article_id: str | int | float | None = None
    problem_index: str | int | float | None = None
    dependency_type: str | int | float | None = None


def read(raw: Path) -> Iterator[Article]:
    """Yield the articles of `wikiHow_data.json`.

    Raises:
        InputError: a file cannot be read or does not fit the layout.
    """
    path = raw / MARKER
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    dependencies = _dependencies(raw / ANNOTATIONS)
    for key, value in decoding.parse_object(content, str(path)).items():
        where = f"{path}: {key}"
        method = decoding.convert(VisualHowMethod, value, where)
        dependency = method.dependency_type or dependencies.get(key)
        yield checked_article(method, partial(_article, key, dependency), where)


def _dependencies(path: Path) -> dict[str, str]:
    """Return the dependency type of each annotated method, by its key."""
    if not path.exists():
        return {}
    rows = (
        decoding.convert(VisualHowAnnotation, row, f"{path}:{number}") for number, row in files.read_json_lines(path)
    )
    return {f"{row.article_id}_{row.problem_index}": str(row.dependency_type) for row in rows}


def _article(key: str, dependency: str | None, method: VisualHowMethod) -> Article:
    texts = method.step_list
    urls = method.image_url + [""] * (len(texts) - len(method.image_url))
    steps = tuple(RawStep(text or "", picture_of(url)) for text, url in zip(texts, urls, strict=False))
    strata = {} if dependency is None else {"dependency": "ordered" if dependency == SEQUENTIAL else "unordered"}
    return Article(key, method.article_title, method.category[0] if method.category else "", steps, strata)
