"""Pairs: unique, unordered, without replacement, spread evenly over the articles. They have no order yet."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dataset_builder.articles.filters import Illustrated
from dataset_builder.articles.splitting import Cell
from dataset_builder.pairs.canaries import apportion
from dataset_builder.spec import Spec
from harness import keyed
from harness.errors import InputError


@dataclass(frozen=True, slots=True)
class Pair:
    """Two steps of one article, earlier < later."""

    source: Illustrated
    earlier: int
    later: int

    @property
    def article_id(self) -> str:
        return self.source.article.article_id

    @property
    def edge(self) -> tuple[int, int]:
        return self.earlier, self.later

    @property
    def identity(self) -> tuple[str, int, int]:
        return self.article_id, self.earlier, self.later


@dataclass(frozen=True, slots=True)
class Chosen:
    """The pairs of one cell. canaries: how many of them will not count; which ones, the release key decides."""

    where: str  # the cell and the subset, for messages
    pairs: Sequence[Pair]
    canaries: int


def choose(
    cells: Mapping[Cell, Collection[Illustrated]], spec: Spec, subset: str, canaries: int = 0
) -> Iterator[Chosen]:
    """A subset's pairs: each category's quota, in equal parts over the values of the balanced stratum.

    canaries: so many pairs more, in proportion to the quotas. They are drawn with the others, hence like them.
    """
    extra = apportion(canaries, {category: spec.quota(category, subset) for category in spec.categories})
    for category in spec.categories:
        homes = [home for home in cells if home[0] == category]
        quota = spec.quota(category, subset)
        _check_divides(category, subset, quota, homes, spec)
        extras = apportion(extra[category], {home[1]: 1 for home in homes}) if homes else {}
        for home in homes:
            wanted = quota // len(homes) + extras[home[1]]
            where = f"{' '.join(home).strip()!r} {subset}"
            yield Chosen(where, draw(cells[home], wanted, spec, where), extras[home[1]])


def _check_divides(category: str, subset: str, quota: int, homes: Sequence[Cell], spec: Spec) -> None:
    if quota and not homes:
        raise InputError(f"{category!r}: no article is left for {subset}, wanted {quota} pairs; see what was dropped")
    if homes and quota % (2 * len(homes)):
        raise InputError(
            f"{category!r}: {subset} = {quota} does not divide into exact halves over the {len(homes)} values of "
            f"{spec.pairs.balance!r}; wanted a multiple of {2 * len(homes)}"
        )


def draw(articles: Collection[Illustrated], quota: int, spec: Spec, where: str) -> list[Pair]:
    """`quota` pairs of the articles, the quota spread by water-filling, each article's pairs by keyed rank."""
    cap = spec.pairs.per_article or quota
    capacity = {one.article.article_id: min(sum(1 for _ in admissible(one, spec)), cap) for one in articles}
    if sum(capacity.values()) < quota:
        raise InputError(
            f"{where}: {len(articles)} articles give {sum(capacity.values())} pairs, wanted {quota}. "
            f"Ask for fewer in [categories], or give more articles."
        )
    ranked = keyed.order(capacity, spec.key, "remainder", lambda name: name)
    shares = water_fill({name: capacity[name] for name in ranked}, quota)

    def rank(pair: Pair) -> bytes:
        return keyed.digest(spec.key, "pair", *pair.identity)

    return [
        pair
        for one in articles
        for pair in heapq.nsmallest(shares[one.article.article_id], admissible(one, spec), rank)
    ]


def admissible(one: Illustrated, spec: Spec) -> Iterable[Pair]:
    """Pairs whose two steps differ both in picture and in headline: no modality can order what looks the same.

    A step that repeats an earlier one whole is never asked: the same question would have two answers.
    """
    steps = one.article.steps
    first_seen: dict[tuple[str, str], int] = {}
    for place, step in enumerate(steps):
        first_seen.setdefault((step.headline.casefold(), one.pictures[place].name), place)
    for earlier, later in combinations(sorted(first_seen.values()), 2):
        a, b = steps[earlier], steps[later]
        if spec.pairs.within_method and a.method != b.method:
            continue
        if a.headline.casefold() == b.headline.casefold():
            continue
        if one.pictures[earlier].name != one.pictures[later].name:
            yield Pair(one, earlier, later)


def water_fill(capacity: Mapping[str, int], quota: int) -> dict[str, int]:
    """The most even shares that sum to the quota, none over its capacity; what is left over goes one each, in order.

    capacity {"a": 1, "b": 5, "c": 5} and quota 8 give {"a": 1, "b": 4, "c": 3}.
    """
    shares: dict[str, int] = {}
    left = quota
    rising = sorted(capacity, key=lambda name: capacity[name])
    for index, name in enumerate(rising):
        level, over = divmod(left, len(rising) - index)
        if capacity[name] > level:  # all that follow hold the level as well; the first of them in order take one more
            rest = set(rising[index:])
            takers = [other for other in capacity if other in rest and capacity[other] > level][:over]
            return shares | dict.fromkeys(rest, level) | dict.fromkeys(takers, level + 1)
        shares[name] = capacity[name]
        left -= capacity[name]
    return shares
