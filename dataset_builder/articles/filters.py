"""Filters: which articles enter a set, with a count and examples for each reason to drop one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from dataset_builder.articles.article import Article, IllustratedArticle
from dataset_builder.articles.headlines import scrub
from dataset_builder.pictures.intake import ExaminedPictures, PictureFault
from dataset_builder.spec import Spec
from harness.contract.decoding import Record

EXAMPLES = 5  # named in the report for each reason

# In the order of testing: a dropped article is counted once, under the first reason that holds.
REASONS = {
    "other category": "its category is not in the spec",
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


class ScrubbedHeadlines(Record, frozen=True, kw_only=True):
    """Number of headlines that lost an ordinal marker, and the first few, before and after."""

    headlines: int
    examples: list[str]


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


@dataclass
class FilterLedger:
    """Counts of the articles read and dropped, and of the headlines scrubbed, while a build runs."""

    read: int = 0
    dropped: dict[str, ExampleCount] = field(default_factory=lambda: {reason: ExampleCount() for reason in REASONS})
    steps: Counter[str] = field(default_factory=Counter)  # steps of the dropped articles, by reason
    scrubbed: ExampleCount = field(default_factory=ExampleCount)

    def drop(self, article: Article, reason: str, detail: str) -> None:
        """Count a dropped article under one of `REASONS`."""
        self.dropped[reason].add(f"{article.article_id}: {detail}")
        self.steps[reason] += len(article.steps)

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
        ]

    def scrubbed_headlines(self) -> ScrubbedHeadlines:
        """Return the count of scrubbed headlines as the build report holds it."""
        return ScrubbedHeadlines(headlines=self.scrubbed.number, examples=self.scrubbed.examples)


def by_text(articles: Iterable[Article], spec: Spec, ledger: FilterLedger) -> Iterator[Article]:
    """Yield the articles with an acceptable category, steps and headlines; headlines scrubbed if the spec says so."""
    for article in articles:
        ledger.read += 1
        scrubbed = _scrub(article) if spec.headlines.scrub_ordinals else article
        fault = _text_fault(article, scrubbed, spec)
        if fault is not None:
            ledger.drop(article, *fault)
            continue
        for old, new in zip(article.steps, scrubbed.steps, strict=True):
            if old.headline != new.headline:
                ledger.scrubbed.add(f"{old.headline} -> {new.headline}")
        yield scrubbed


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
            yield IllustratedArticle(article, pictures)


def _scrub(article: Article) -> Article:
    return replace(article, steps=tuple(replace(step, headline=scrub(step.headline)) for step in article.steps))


def _text_fault(article: Article, scrubbed: Article, spec: Spec) -> tuple[str, str] | None:
    """Return the first reason to drop the article, with its detail; `None` if there is none."""
    if article.category not in spec.categories:
        return "other category", f"category {article.category!r}"
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
