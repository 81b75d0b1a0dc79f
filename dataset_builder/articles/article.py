"""The records that every stage of a build passes on: articles as crawled, and articles with their stored pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RawStep:
    """One step as it was crawled.

    headline: may be empty; a filter counts it. picture: POSIX path under the raw folder, empty where there is none.
    method: number of the article's method (alternative way to the goal) that the step belongs to, from 0.
    """

    headline: str
    picture: str
    method: int = 0

    def __post_init__(self) -> None:
        if type(self.method) is not int or self.method < 0:
            raise ValueError(f"a step's method is a whole number from 0, found {self.method}")
        object.__setattr__(self, "headline", single_line(self.headline))
        single_line(self.picture)


@dataclass(frozen=True, slots=True)
class Article:
    """A how-to article: its steps in their true order, method after method.

    strata: properties of the whole article to balance or score by, such as {"kind": "text"}. fault: why texts and
    pictures of the crawl cannot be matched; a filter drops the article under this reason. Empty for a sound article.
    """

    article_id: str
    title: str
    category: str
    steps: tuple[RawStep, ...]
    strata: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    def __post_init__(self) -> None:
        if not single_line(self.article_id):
            raise ValueError("an article needs an id")
        object.__setattr__(self, "title", single_line(self.title))
        object.__setattr__(self, "category", single_line(self.category))
        for text in dict(self.strata).values():
            single_line(text)
        object.__setattr__(self, "strata", MappingProxyType(dict(self.strata)))


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A stored picture: set-relative name, size in pixels, and 64-bit perceptual hash (0 where none is computed).

    turned: the picture was turned upright, as its EXIF asked.
    """

    name: str
    width: int
    height: int
    perceptual_hash: int = 0
    turned: bool = False


@dataclass(frozen=True, slots=True)
class IllustratedArticle:
    """An article that passed every filter, with one stored picture per step."""

    article: Article
    pictures: tuple[StoredPicture, ...]

    @property
    def article_id(self) -> str:
        """The id of the article."""
        return self.article.article_id


def single_line(text: str) -> str:
    """Return the text on one line, with runs of white space collapsed.

    Raises:
        ValueError: the text cannot be encoded as UTF-8.
    """
    text = " ".join(text.split())
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"text that is no valid Unicode ({error.reason}): {text[:40]!a}") from None
    return text
