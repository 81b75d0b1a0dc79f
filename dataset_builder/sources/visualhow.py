"""`visualhow`: the VisualHow collection (Yang et al., CVPR 2022).

`wikiHow_data.json` is one object, keyed by article and method ("033313_0"): article_id, category[], article_title,
image_url[], step_list[]. Each method becomes an article of its own; equal titles keep them in the same subset.
`visualHow_annotations.txt` (JSON lines, or one list) gives the `dependency_type`; "sequential" is ordered, every other
is not. The README names its index `problem_index`; `problem_idx` and the `post_id` with `method_idx` of the authors'
own scripts occur too. Their loader reads `images/<last two parts of the URL>`. Texts and pictures are matched by their
place, so an article whose lists differ in length is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import zip_longest
from pathlib import Path

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.pictures import CrawlPictures, Place, last_parts, url_path
from dataset_builder.sources.records import ReadRecord, count_fault, first_category, read_object, read_record
from harness.contract import decoding, files
from harness.contract.decoding import Record
from harness.errors import InputError

MARKER = "wikiHow_data.json"
ANNOTATIONS = "visualHow_annotations.txt"
SEQUENTIAL = "sequential"

Index = str | int | float | None


class VisualHowMethod(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One value of `wikiHow_data.json`: one method of an article."""

    article_title: str
    category: list[str]
    image_url: list[str | None]
    step_list: list[str | None]
    dependency_type: str | None = None


class VisualHowAnnotation(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of `visualHow_annotations.txt`: the dependency type of one method, under one of the known keys."""

    article_id: Index = None
    post_id: Index = None
    problem_index: Index = None
    problem_idx: Index = None
    method_idx: Index = None
    dependency_type: Index = None

    @property
    def key(self) -> str:
        """The key of the method in `wikiHow_data.json`."""
        article = next((found for found in (self.article_id, self.post_id) if found is not None), "")
        indices = (self.problem_index, self.problem_idx, self.method_idx)
        return f"{article}_{next((found for found in indices if found is not None), '')}"


def read(pictures: CrawlPictures) -> Iterator[ReadRecord]:
    """Yield the articles of `wikiHow_data.json`.

    Raises:
        InputError: a file cannot be read, or no annotation belongs to a method.
    """
    path = pictures.raw / MARKER
    methods = read_object(path)
    dependencies = _dependencies(pictures.raw / ANNOTATIONS)
    if dependencies and not dependencies.keys() & methods.keys():
        raise InputError(
            f"{pictures.raw / ANNOTATIONS}: none of its {len(dependencies)} keys, such as "
            f"{next(iter(dependencies))!r}, is a key of {MARKER}, such as {next(iter(methods), '')!r}; "
            f"give each annotation article_id and problem_index"
        )
    for key, value in methods.items():
        to_article = partial(_article, pictures, key, dependencies.get(key))
        yield read_record(partial(decoding.convert, VisualHowMethod, value), to_article, f"{path}: {key}")


def _dependencies(path: Path) -> dict[str, str]:
    """Return the dependency type of each annotated method, by its key."""
    if not path.exists():
        return {}
    content = files.content(path)
    if content.lstrip().startswith(b"["):
        rows = list(decoding.parse(content, str(path)))
    else:
        rows = [decoding.parse(line, f"{path}:{n}") for n, line in enumerate(content.splitlines(), 1) if line.strip()]
    found = (decoding.convert(VisualHowAnnotation, row, f"{path}:{number}") for number, row in enumerate(rows, 1))
    return {row.key: str(row.dependency_type) for row in found if row.dependency_type is not None}


def _article(pictures: CrawlPictures, key: str, annotated: str | None, method: VisualHowMethod) -> Article:
    dependency = method.dependency_type or annotated
    pairs = zip_longest(method.step_list, method.image_url[: len(method.step_list)])
    steps = tuple(RawStep(text or "", pictures.find(*_places(url))) for text, url in pairs)
    strata = {} if dependency is None else {"dependency": "ordered" if dependency == SEQUENTIAL else "unordered"}
    fault = count_fault(len(method.step_list), len(method.image_url))
    return Article(key, method.article_title, first_category(method.category), steps, strata, fault)


def _places(url: str | None) -> tuple[Place, ...]:
    path = url_path(url)
    if not path:
        return ()
    return (
        Place("images/<last two parts of image_url>", f"images/{last_parts(path, 2)}"),
        Place("images/<last part of image_url>", f"images/{last_parts(path, 1)}"),
    )
