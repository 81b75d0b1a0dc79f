"""Which articles stay, and a count with examples for each reason why others went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from dataset_builder.articles.article import Article
from dataset_builder.articles.headlines import scrub
from dataset_builder.pictures.intake import Fault, Found, Picture
from dataset_builder.spec import Spec

EXAMPLES = 5  # named in the report for each reason

# In the order in which they are asked: an article is counted once, under the first that holds.
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


@dataclass
class Count:
    """How many, and the first few by name."""

    number: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        self.number += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


@dataclass
class Ledger:
    """What every filter took, and what scrubbing changed."""

    read: int = 0
    dropped: dict[str, Count] = field(default_factory=lambda: {reason: Count() for reason in REASONS})
    steps: Counter[str] = field(default_factory=Counter)  # of the dropped articles
    scrubbed: Count = field(default_factory=Count)

    def drop(self, article: Article, reason: str, detail: str) -> None:
        self.dropped[reason].add(f"{article.article_id}: {detail}")
        self.steps[reason] += len(article.steps)

    def to_json(self) -> dict[str, Any]:
        filters = [
            {
                "reason": reason,
                "meaning": REASONS[reason],
                "articles": gone.number,
                "steps": self.steps[reason],
                "examples": gone.examples,
            }
            for reason, gone in self.dropped.items()
        ]
        scrubbed = {"headlines": self.scrubbed.number, "examples": self.scrubbed.examples}
        return {"articles_read": self.read, "filters": filters, "scrubbed": scrubbed}


@dataclass(frozen=True, slots=True)
class Illustrated:
    """An article that stays: every step with its stored picture."""

    article: Article
    pictures: tuple[Picture, ...]


def by_text(articles: Iterable[Article], spec: Spec, ledger: Ledger) -> Iterator[Article]:
    """Articles whose category, steps and headlines will do; headlines scrubbed if the spec says so."""
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


def by_picture(found: Iterable[tuple[Article, Found]], ledger: Ledger) -> Iterator[Illustrated]:
    """Articles all of whose pictures can be used. found: each article, with its pictures or their first fault."""
    for article, pictures in found:
        if isinstance(pictures, Fault):
            ledger.drop(article, pictures.reason, f"{pictures.picture}: {pictures.detail}")
        else:
            yield Illustrated(article, pictures)


def _scrub(article: Article) -> Article:
    return replace(article, steps=tuple(replace(step, headline=scrub(step.headline)) for step in article.steps))


def _text_fault(article: Article, scrubbed: Article, spec: Spec) -> tuple[str, str] | None:
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
