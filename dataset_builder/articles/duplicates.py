"""Duplicate groups: articles that share a picture or a title go to the same subset, so that no split separates them.

    same picture      the same bytes, after metadata is removed
    similar picture   perceptual hashes at most 4 of 64 bits apart, then small copies compared pixel by pixel
    same title        the same words, regardless of order, case, plural and function words

A picture that many articles show (a logo, an empty page) is no evidence that two of them are related and links none.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dataset_builder.articles.article import IllustratedArticle
from dataset_builder.articles.filters import EXAMPLES
from dataset_builder.pictures import similarity
from dataset_builder.pictures.similarity import PictureIndex
from dataset_builder.spec import DuplicateRules, Spec
from harness.contract.decoding import Record
from harness.errors import InputError

# Words that carry no topic; two titles that differ in these alone are the same title.
FUNCTION_WORDS = frozenset(
    ["a", "an", "and", "for", "how", "in", "of", "on", "or", "pictures", "steps", "the", "to", "with", "your"]
)

SMALL_GROUP = 3  # articles; a group of so few makes no split one-sided, however small its category

DuplicateLink = tuple[str, str, str]  # two article ids, and the picture or title that they share


class LinkCount(Record, frozen=True, kw_only=True):
    """Number of links of one kind between articles, and the first few."""

    count: int
    examples: list[DuplicateLink]


class CommonPictures(Record, frozen=True, kw_only=True):
    """Number of pictures that too many articles show, and the names of the first few."""

    count: int
    examples: list[str]


class DuplicateReport(Record, frozen=True, kw_only=True):
    """The duplicate groups in the build report. `sizes`: number of groups by number of articles."""

    groups: int
    sizes: dict[str, int]
    links: dict[str, LinkCount]
    pictures_too_common_to_link: CommonPictures


@dataclass(frozen=True, slots=True)
class DuplicateGroups:
    """by_article: the group of every article, named by its first member. report: the links, for the build report."""

    by_article: Mapping[str, str]
    report: DuplicateReport


def group(articles: Collection[IllustratedArticle], pool: Path, spec: Spec) -> DuplicateGroups:
    """Return the duplicate groups of the articles.

    Args:
        pool: the folder with the stored pictures.

    Raises:
        InputError: a group holds more than `max_share` of a category.
    """
    with closing(PictureIndex(pool / "sightings")) as index:
        index.fill(articles)
        return _group(articles, index, pool, spec.duplicates)


def _group(
    articles: Collection[IllustratedArticle], index: PictureIndex, pool: Path, rules: DuplicateRules
) -> DuplicateGroups:
    alike = similar_pictures(index, pool, rules)
    common = {name for name in alike if _articles_showing(name, index, alike) > rules.max_articles}
    common.update(index.in_more_than(rules.max_articles))
    links = {
        "same picture": list(_same_picture(index, common)),
        "similar picture": list(_similar_picture(index, alike, common)),
        "same title": list(_same_title(articles)) if rules.titles else [],
    }
    categories = {one.article_id: one.article.category for one in articles}
    by_article = components(categories, (link[:2] for kind in links.values() for link in kind))
    _refuse_giants(categories, by_article, links, rules.max_share)
    sizes = Counter(Counter(by_article.values()).values())
    report = DuplicateReport(
        groups=len(set(by_article.values())),
        sizes={str(size): sizes[size] for size in sorted(sizes)},
        links={kind: LinkCount(count=len(found), examples=found[:EXAMPLES]) for kind, found in links.items()},
        pictures_too_common_to_link=CommonPictures(count=len(common), examples=sorted(common)[:EXAMPLES]),
    )
    return DuplicateGroups(by_article, report)


def _articles_showing(name: str, index: PictureIndex, alike: Mapping[str, set[str]]) -> int:
    """Return how many articles show the picture or a similar one."""
    return len({article for other in (name, *alike[name]) for article in index.articles(other)})


def similar_pictures(index: PictureIndex, pool: Path, rules: DuplicateRules) -> dict[str, set[str]]:
    """Return, for each picture that has any, the similar pictures of other articles."""
    alike: dict[str, set[str]] = defaultdict(set)
    if not rules.similar:
        return alike
    copies = similarity.SmallCopies(pool)
    for a, b in similarity.neighbours(index.hashes(), rules.distance):
        one, other = index.name(a), index.name(b)
        if index.articles(one) == index.articles(other) and len(index.articles(one)) == 1:
            continue  # both in the same single article
        if copies.difference(one, other) <= rules.difference:
            alike[one].add(other)
            alike[other].add(one)
    return alike


def components(items: Iterable[str], links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return each item's connected component, named by its alphabetically first item."""
    parent = {item: item for item in items}

    def root(item: str) -> str:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for one, other in links:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return {item: root(item) for item in parent}


def normalise_title(title: str) -> str:
    """Return the title's words in alphabetical order, without function words, case, punctuation and plural.

    "How to Tie a Bow Tie (with Pictures)" and "Tie Bow Ties" both give "bow tie tie".
    """
    text = unicodedata.normalize("NFKC", title).casefold()
    words = [word for word in re.findall(r"\w+", text) if word not in FUNCTION_WORDS]
    return " ".join(sorted(_singular(word) for word in words))


def _singular(word: str) -> str:
    """Return an approximate singular for comparison: "ties" becomes "tie", "glass" stays."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _same_picture(index: PictureIndex, common: set[str]) -> Iterator[DuplicateLink]:
    for name in index.in_more_than(1):
        if name not in common:
            first, *others = index.articles(name)
            for other in others:
                yield first, other, name


def _similar_picture(index: PictureIndex, alike: Mapping[str, set[str]], common: set[str]) -> Iterator[DuplicateLink]:
    for name in sorted(alike.keys() - common):
        for other in sorted(alike[name] - common):
            first, second = index.articles(name)[0], index.articles(other)[0]
            if name < other and first != second:
                yield first, second, f"{name} {other}"


def _same_title(articles: Iterable[IllustratedArticle]) -> Iterator[DuplicateLink]:
    titled: dict[str, list[str]] = defaultdict(list)
    for one in articles:
        if words := normalise_title(one.article.title):
            titled[words].append(one.article_id)
    for words in sorted(titled):
        first, *others = sorted(titled[words])
        for other in others:
            yield first, other, words


def _refuse_giants(
    categories: Mapping[str, str],
    by_article: Mapping[str, str],
    links: Mapping[str, Sequence[DuplicateLink]],
    max_share: float,
) -> None:
    """Refuse a group that holds so much of a category that a split would be one-sided."""
    totals = Counter(categories.values())
    inside = Counter((category, by_article[article]) for article, category in categories.items())
    large = [
        (category, name, count)
        for (category, name), count in sorted(inside.items())
        if count > max(SMALL_GROUP, max_share * totals[category])
    ]
    told = []
    for category, name, count in large[:EXAMPLES]:
        reasons = [
            f"{kind} {shared}" for kind, found in links.items() for one, _, shared in found if by_article[one] == name
        ]
        told.append(
            f"{category!r}: the duplicate group of article {name} holds {count} of {totals[category]} articles, over "
            f"[duplicates] max_share = {max_share}; linked by {reasons[0]} and {len(reasons) - 1} more"
        )
    if large:
        more = f"; and {len(large) - EXAMPLES} more groups" if len(large) > EXAMPLES else ""
        share = math.ceil(100 * max(count / totals[category] for category, _, count in large)) / 100
        raise InputError(
            f"{'; '.join(told)}{more}. If they belong together, set max_share = {share}; if not, lower distance or "
            f"difference."
        )
