"""The builder's nouns: an article as every source yields it, and what its steps look like on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RawStep:
    """One step as it was crawled.

    headline: may be empty; a filter counts it. picture: POSIX path under the raw folder, empty where there is none.
    method: which of the article's methods (alternative ways to the goal) the step belongs to, from 0.
    """

    headline: str
    picture: str
    method: int = 0

    def __post_init__(self) -> None:
        if type(self.method) is not int or self.method < 0:
            raise ValueError(f"a step's method is a whole number from 0, found {self.method}")
        object.__setattr__(self, "headline", plain(self.headline))
        plain(self.picture)


@dataclass(frozen=True, slots=True)
class Article:
    """A how-to article: its steps in their true order, every method's after the one before.

    strata: facts of the whole article to balance or score by, such as {"kind": "text"}.
    """

    article_id: str
    title: str
    category: str
    steps: tuple[RawStep, ...]
    strata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not plain(self.article_id):
            raise ValueError("an article needs an id")
        object.__setattr__(self, "title", plain(self.title))
        for text in (self.category, *dict(self.strata).values()):
            plain(text)
        object.__setattr__(self, "strata", MappingProxyType(dict(self.strata)))


def plain(text: str) -> str:
    """The text on one line, without runs of white space; a ValueError where it cannot be written as UTF-8."""
    text = " ".join(text.split())
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"text that is no valid Unicode ({error.reason}): {text[:40]!a}") from None
    return text
