"""`vgsi`: the wikiHow crawl of Yang et al. 2021, "Visual Goal-Step Inference using wikiHow" (EMNLP 2021).

`WikihowText_data.json` holds one JSON object per line: file_id, goal, category_hierarchy, methods[{name,
steps[{headline, img, step_id}]}]. The authors' README says that `img` is the URL of the picture and that the pictures
are `wiki_images/<image_id>.png`; the image id is the step_id, as public loaders use it. The true format of a picture
may differ from its suffix. Crawls that write the file's name into `img` are read as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.pictures import CrawlPictures, Place, last_parts, url_path
from dataset_builder.sources.records import ReadRecord, first_category, read_lines
from harness.contract.decoding import Record

MARKER = "WikihowText_data.json"
FOLDERS = ("wiki_images", "wiki_images/train", "wiki_images/test", "wiki_images/wiki_images", "images")


class VgsiStep(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One step of a method. `img`: the URL of its picture, or the name of its file without folder and suffix."""

    headline: str | None
    img: str | int | None = None
    step_id: str | int | None = None


class VgsiMethod(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One method: an alternative way to the goal."""

    steps: list[VgsiStep]


class VgsiArticle(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of `WikihowText_data.json`."""

    file_id: str | int
    goal: str
    category_hierarchy: list[str] | None
    methods: list[VgsiMethod]


def read(pictures: CrawlPictures) -> Iterator[ReadRecord]:
    """Yield the articles of `WikihowText_data.json`."""
    return read_lines(pictures.raw / MARKER, VgsiArticle, partial(_article, pictures))


def _article(pictures: CrawlPictures, row: VgsiArticle) -> Article:
    steps = tuple(
        RawStep(step.headline or "", pictures.find(*_places(step)), number)
        for number, method in enumerate(row.methods)
        for step in method.steps
    )
    return Article(str(row.file_id), row.goal, first_category(row.category_hierarchy), steps)


def _places(step: VgsiStep) -> Iterator[Place]:
    """Yield the places of a step's picture; none if the step has no picture in the text."""
    if step.img is None or step.img == "":
        return
    name = url_path(str(step.img))
    plain = "/" not in name
    ids = {"step_id": str(step.step_id or ""), "img": name if plain else ""}
    for folder in FOLDERS:
        for field, value in ids.items():
            if value:
                yield Place(f"{folder}/<{field}>.png", f"{folder}/{value}.png")
    if not plain:
        for folder in FOLDERS:
            yield Place(f"{folder}/<last part of img>", f"{folder}/{last_parts(name, 1)}")
