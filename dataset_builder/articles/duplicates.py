"""Duplicate groups: articles that share a picture or a title stand or fall together, so that no split cuts them apart.

    same picture      the same bytes, once metadata is off
    similar picture   perceptual hashes at most 4 of 64 bits apart, then small copies compared pixel by pixel
    same title        the same words, whatever their order, case, plural and filling

A picture that many articles show (a logo, an empty page) says nothing of any two of them and links none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_builder.articles.filters import EXAMPLES, Illustrated
from dataset_builder.articles.titles import essence
from dataset_builder.pictures import similarity
from dataset_builder.pictures.sightings import Sightings
from dataset_builder.spec import Duplicates, Spec
from harness.errors import InputError


@dataclass(frozen=True, slots=True)
class Groups:
    """of: every article's group, named by its first member. report: what linked them, for the build report."""

    of: Mapping[str, str]
    report: Mapping[str, Any]


Link = tuple[str, str, str]  # two articles, and what they share


def group(articles: Collection[Illustrated], pool: Path, spec: Spec) -> Groups:
    """The duplicate groups of the articles; an InputError for one that would swallow a category."""
    with closing(Sightings(pool / "sightings")) as seen:
        seen.fill(articles)
        return _group(articles, seen, pool, spec.duplicates)


def _group(articles: Collection[Illustrated], seen: Sightings, pool: Path, rules: Duplicates) -> Groups:
    alike = similar_pictures(seen, pool, rules)
    common = {name for name in alike if _count(name, seen, alike) > rules.max_articles}
    common.update(seen.in_more_than(rules.max_articles))
    links = {
        "same picture": list(_same_picture(seen, common)),
        "similar picture": list(_similar_picture(seen, alike, common)),
        "same title": list(_same_title(articles)) if rules.titles else [],
    }
    categories = {one.article.article_id: one.article.category for one in articles}
    of = components(categories, (link[:2] for kind in links.values() for link in kind))
    _refuse_giants(categories, of, links, rules.max_share)
    sizes = Counter(Counter(of.values()).values())
    report = {
        "groups": len(set(of.values())),
        "sizes": {str(size): sizes[size] for size in sorted(sizes)},
        "links": {kind: {"count": len(found), "examples": found[:EXAMPLES]} for kind, found in links.items()},
        "pictures_too_common_to_link": {"count": len(common), "examples": sorted(common)[:EXAMPLES]},
    }
    return Groups(of, report)


def _count(name: str, seen: Sightings, alike: Mapping[str, set[str]]) -> int:
    """How many articles show the picture or one that looks like it."""
    return len({article for other in (name, *alike[name]) for article in seen.articles(other)})


def similar_pictures(seen: Sightings, pool: Path, rules: Duplicates) -> dict[str, set[str]]:
    """For each picture that has any, those of other articles that look like it."""
    alike: dict[str, set[str]] = defaultdict(set)
    if not rules.similar:
        return alike
    small = similarity.Copies(pool)
    for a, b in similarity.neighbours(seen.looks(), rules.distance):
        one, other = seen.name(a), seen.name(b)
        if seen.articles(one) == seen.articles(other) and len(seen.articles(one)) == 1:
            continue  # both in one and the same article
        if small.difference(one, other) <= rules.difference:
            alike[one].add(other)
            alike[other].add(one)
    return alike


def components(items: Iterable[str], links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each item's connected component, named by its first item in alphabetical order."""
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


def _same_picture(seen: Sightings, common: set[str]) -> Iterator[Link]:
    for name in seen.in_more_than(1):
        if name not in common:
            first, *others = seen.articles(name)
            for other in others:
                yield first, other, name


def _similar_picture(seen: Sightings, alike: Mapping[str, set[str]], common: set[str]) -> Iterator[Link]:
    for name in sorted(alike.keys() - common):
        for other in sorted(alike[name] - common):
            first, second = seen.articles(name)[0], seen.articles(other)[0]
            if name < other and first != second:
                yield first, second, f"{name} {other}"


def _same_title(articles: Iterable[Illustrated]) -> Iterator[Link]:
    titled: dict[str, list[str]] = defaultdict(list)
    for one in articles:
        if words := essence(one.article.title):
            titled[words].append(one.article.article_id)
    for words in sorted(titled):
        first, *others = sorted(titled[words])
        for other in others:
            yield first, other, words


def _refuse_giants(
    categories: Mapping[str, str], of: Mapping[str, str], links: Mapping[str, Sequence[Link]], max_share: float
) -> None:
    """A group that takes most of a category leaves no split to speak of; better to ask than to guess."""
    totals = Counter(categories.values())
    inside = Counter((category, of[article]) for article, category in categories.items())
    for (category, name), count in sorted(inside.items()):
        if count > 1 and count > max_share * totals[category]:
            why = [f"{kind} {what}" for kind, found in links.items() for one, _, what in found if of[one] == name]
            raise InputError(
                f"{category!r}: the duplicate group of article {name} holds {count} of {totals[category]} articles, "
                f"over [duplicates] max_share = {max_share}; linked by {why[0]} and {len(why) - 1} more. "
                f"Raise max_share if they belong together, or lower distance or difference if they do not."
            )
