"""Filters: which articles enter a set, with a count and examples for each reason to drop one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from dataset_builder.articles.article import Article, IllustratedArticle
from dataset_builder.articles.headlines import scrub_article
from dataset_builder.articles.plain import plain
from dataset_builder.pictures.intake import ExaminedPictures, PictureFault
from dataset_builder.spec import Spec, fold
from harness.contract.decoding import Record

EXAMPLES = 5  # named in the report for each reason

# In the order of testing: a dropped article is counted once, under the first reason that holds.
REASONS = {
    "other category": "its category is not in the spec",
    "misaligned": "counts of step texts and pictures differ, or the numbering of the steps has a gap",
    "too few steps": "it has fewer steps than the spec asks for",
    "no stratum": "it lacks the stratum that the spec balances",
    "step without text": "a step has no headline, or none but an ordinal marker",
    "step without picture": "a step names no picture",
    "missing picture": "a picture is named and is not there",
    "unusable picture": "a picture does not decode, is animated, too large, or lies outside the raw folder",
    "small picture": "a picture's shorter side is under the threshold",
}


class FilterCount(Record, frozen=True, kw_only=True):
    """Articles, and steps in them, that one filter dropped; `examples` names the first few."""

    reason: str
    meaning: str
    articles: int
    steps: int
    examples: list[str]


class ChangedTexts(Record, frozen=True, kw_only=True):
    """Number of changed headlines, and the first few, before and after."""

    headlines: int
    examples: list[str]


class ReadCategory(Record, frozen=True, kw_only=True):
    """One category of a crawl: its articles, and the category of the spec that they count towards."""

    name: str
    articles: int
    counts_towards: str | None


@dataclass
class ExampleCount:
    """A count, and the first few counted things by name."""

    number: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        """Count one thing; keep its name while fewer than `EXAMPLES` are kept."""
        self.number += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)

    def changed_texts(self) -> ChangedTexts:
        """Return the count of changed headlines as reports hold it."""
        return ChangedTexts(headlines=self.number, examples=self.examples)


@dataclass
class FilterLedger:
    """Counts of the articles read and dropped, and of the headlines scrubbed, while a build runs."""

    read: int = 0
    dropped: dict[str, ExampleCount] = field(default_factory=lambda: {reason: ExampleCount() for reason in REASONS})
    steps: Counter[str] = field(default_factory=Counter)  # steps of the dropped articles, by reason
    scrubbed: ExampleCount = field(default_factory=ExampleCount)
    cleaned: ExampleCount = field(default_factory=ExampleCount)  # headlines that lost markup
    turned: int = 0  # pictures that were turned upright, once per step that shows one
    by_category: Counter[tuple[str, str]] = field(default_factory=Counter)  # dropped, by the spec's category and reason
    categories: Counter[tuple[str, str | None]] = field(default_factory=Counter)  # crawl's name, spec's name: articles

    def drop(self, article: Article, reason: str, detail: str) -> None:
        """Count a dropped article under one of `REASONS`."""
        self.dropped[reason].add(f"{article.article_id}: {detail}")
        self.steps[reason] += len(article.steps)
        self.by_category[article.category, reason] += 1

    def read_categories(self) -> list[ReadCategory]:
        """Return the categories of the crawl, the largest first."""
        ranked = sorted(self.categories.items(), key=lambda row: (-row[1], row[0][0]))
        return [ReadCategory(name=name, articles=count, counts_towards=own) for (name, own), count in ranked]

    def filter_counts(self) -> list[FilterCount]:
        """Return one record per reason, in the order of testing."""
        return [
            FilterCount(
                reason=reason,
                meaning=REASONS[reason],
                articles=dropped.number,
                steps=self.steps[reason],
                examples=dropped.examples,
            )
            for reason, dropped in self.dropped.items()
            if dropped.number or reason != "misaligned"  # reports made before this filter stay as they are
        ]


def by_text(articles: Iterable[Article], spec: Spec, ledger: FilterLedger) -> Iterator[Article]:
    """Yield the articles with an acceptable category, steps and headlines; headlines scrubbed if the spec says so."""
    names = spec.category_names()
    for read in articles:
        ledger.read += 1
        own = counts_towards(read.category, names)
        ledger.categories[read.category, own] += 1
        article = read if own in (None, read.category) else replace(read, category=own or "")
        clean = article if spec.headlines.markup == "keep" else _clean(article)
        scrubbed = _scrub(clean) if spec.headlines.scrub_ordinals else clean
        fault = _text_fault(article, scrubbed, spec)
        if fault is not None:
            ledger.drop(article, *fault)
            continue
        for counted, before, after in ((ledger.cleaned, article, clean), (ledger.scrubbed, clean, scrubbed)):
            for old, new in zip(before.steps, after.steps, strict=True):
                if old.headline != new.headline:
                    counted.add(f"{old.headline} -> {new.headline}")
        yield scrubbed


def counts_towards(category: str, names: Mapping[str, str]) -> str | None:
    """Return the spec's category for a crawl's; `None` if it has none. names: `Spec.category_names`."""
    return names.get(fold(category))


def by_picture(
    examined: Iterable[tuple[Article, ExaminedPictures]], ledger: FilterLedger
) -> Iterator[IllustratedArticle]:
    """Yield the articles whose pictures are all usable.

    Args:
        examined: each article with its stored pictures, or with the first fault found.
    """
    for article, pictures in examined:
        if isinstance(pictures, PictureFault):
            ledger.drop(article, pictures.reason, f"{pictures.picture}: {pictures.detail}")
        else:
            ledger.turned += sum(picture.turned for picture in pictures)
            yield IllustratedArticle(article, pictures)


def _clean(article: Article) -> Article:
    steps = [replace(step, headline=plain(step.headline)) for step in article.steps]
    return replace(article, title=plain(article.title), steps=tuple(steps))


def _scrub(article: Article) -> Article:
    texts = scrub_article([step.headline for step in article.steps], [step.method for step in article.steps])
    steps = [replace(step, headline=text) for step, text in zip(article.steps, texts, strict=True)]
    return replace(article, steps=tuple(steps))


def _text_fault(article: Article, scrubbed: Article, spec: Spec) -> tuple[str, str] | None:
    """Return the first reason to drop the article, with its detail; `None` if there is none."""
    if article.category not in spec.categories:
        return "other category", f"category {article.category!r}"
    if article.fault:
        return "misaligned", article.fault
    if len(article.steps) < spec.articles.min_steps:
        return "too few steps", f"{len(article.steps)} steps"
    if spec.pairs.balance and spec.pairs.balance not in article.strata:
        return "no stratum", f"strata {sorted(article.strata)}, wanted {spec.pairs.balance!r}"
    for number, (old, new) in enumerate(zip(article.steps, scrubbed.steps, strict=True), 1):
        if not new.headline:
            return "step without text", f"step {number} says {old.headline!r}"
        if not new.picture:
            return "step without picture", f"step {number}, {old.headline!r}"
    return None
