"""`myfixit`: the repair manuals of MyFixit (Nabizadeh et al., LREC 2020), collected from iFixit.

`jsons/<category>.json`, one manual per line, as the authors' README shows: Title, Guidid, Category, Steps[{Order,
Text_raw, Lines[{Text}], Images[url], StepId}]. The file's name is the category ("Mac", "Phone"). The collection names
its pictures by URL; a crawl stores them as `images/<last part of the URL>`. A step's first picture is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from msgspec import field

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.sources.pictures import CrawlPictures, Place, last_parts, url_path
from dataset_builder.sources.records import ReadRecord, read_lines
from harness.contract.decoding import Record

MARKER = "jsons/*.json"
SIZES = (".standard", ".medium", ".large", ".huge", ".full", ".original", ".thumbnail")  # last part of iFixit's URLs


class FixitLine(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of text in a step."""

    text: str | None = field(name="Text", default=None)


class FixitStep(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One step of a manual. Its first picture shows it; the others show details."""

    order: int | None = field(name="Order", default=None)
    text: str | None = field(name="Text_raw", default=None)
    lines: list[FixitLine] = field(name="Lines", default_factory=list)
    images: list[str | None] = field(name="Images", default_factory=list)

    @property
    def headline(self) -> str:
        """The first sentence-like line of the step, or its whole text."""
        first = next((line.text for line in self.lines if line.text), None)
        return first or self.text or ""


class FixitManual(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One line of a category's file."""

    title: str = field(name="Title")
    guide: int | str = field(name="Guidid")
    steps: list[FixitStep] = field(name="Steps")


def read(pictures: CrawlPictures) -> Iterator[ReadRecord]:
    """Yield the manuals of every file in `jsons/`."""
    for path in sorted(pictures.raw.glob(MARKER)):
        yield from read_lines(path, FixitManual, partial(_article, pictures, path.stem))


def _article(pictures: CrawlPictures, category: str, manual: FixitManual) -> Article:
    steps = tuple(RawStep(step.headline, pictures.find(*_places(step.images))) for step in manual.steps)
    fault = _order_fault([step.order for step in manual.steps if step.order is not None], len(manual.steps))
    return Article(str(manual.guide), manual.title, category, steps, fault=fault)


def _order_fault(orders: Sequence[int], steps: int) -> str:
    """Return how the numbers of the steps fail to run upwards without gaps; empty if they do, or are not given."""
    if orders and (len(orders) != steps or list(orders) != list(range(orders[0], orders[0] + steps))):
        return f"Order runs {', '.join(map(str, orders[:8]))} over {steps} steps"
    return ""


def _places(urls: Sequence[str | None]) -> Iterator[Place]:
    name = last_parts(url_path(next((url for url in urls if url), None)), 1)
    if not name:
        return
    stem = next((name.removesuffix(size) for size in SIZES if name.endswith(size)), name)
    for folder in ("images", "jsons/images"):
        yield Place(f"{folder}/<last part of Images[0]>", f"{folder}/{name}")
        yield Place(f"{folder}/<last part of Images[0], without size>", f"{folder}/{stem}.jpg")
