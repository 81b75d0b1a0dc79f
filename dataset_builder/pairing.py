"""Pairs: unique, unordered, without replacement, spread evenly over the articles; then exactly half inverted."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dataset_builder.filters import Illustrated
from dataset_builder.spec import Spec
from dataset_builder.splitting import Cell
from harness import keyed
from harness.records import Answer, InputError, Step, StepPair

Row = tuple[StepPair, Answer]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two steps of one article, earlier < later: a question that has no order yet."""

    source: Illustrated
    earlier: int
    later: int

    @property
    def identity(self) -> tuple[str, int, int]:
        return self.source.article.article_id, self.earlier, self.later


def choose(cells: Mapping[Cell, Sequence[Illustrated]], spec: Spec, subset: str) -> dict[Cell, list[Pair]]:
    """The pairs of a subset: each category's quota, in equal parts over the values of the balanced stratum."""
    chosen: dict[Cell, list[Pair]] = {}
    for category in spec.categories:
        homes = [home for home in cells if home[0] == category]
        quota = spec.quota(category, subset)
        if quota and not homes:
            raise InputError(f"{category!r}: no article is left for {subset}, wanted {quota} pairs; see `filters`")
        if homes and quota % (2 * len(homes)):
            raise InputError(
                f"{category!r}: {subset} = {quota} does not divide into exact halves over the {len(homes)} values of "
                f"{spec.pairs.balance!r}; wanted a multiple of {2 * len(homes)}"
            )
        for home in homes:
            chosen[home] = draw(cells[home], quota // len(homes), spec, f"{' '.join(home).strip()!r} {subset}")
    return chosen


def draw(articles: Sequence[Illustrated], quota: int, spec: Spec, where: str) -> list[Pair]:
    """`quota` pairs of the articles, the quota spread by water-filling, each article's pairs by keyed rank."""
    possible = {one.article.article_id: list(admissible(one, spec)) for one in articles}
    cap = spec.pairs.per_article or quota
    capacity = {name: min(len(pairs), cap) for name, pairs in possible.items()}
    if sum(capacity.values()) < quota:
        raise InputError(
            f"{where}: {len(articles)} articles give {sum(capacity.values())} pairs, wanted {quota}. "
            f"Ask for fewer in [categories], or give more articles."
        )
    ranked = keyed.order(capacity, spec.key, "remainder", lambda name: name)
    shares = water_fill({name: capacity[name] for name in ranked}, quota)
    return [
        pair
        for name, pairs in possible.items()
        for pair in heapq.nsmallest(shares[name], pairs, lambda pair: keyed.digest(spec.key, "pair", *pair.identity))
    ]


def admissible(one: Illustrated, spec: Spec) -> Iterable[Pair]:
    """Pairs whose two steps differ both in picture and in headline: no modality can order what looks the same."""
    steps = one.article.steps
    for earlier, later in combinations(range(len(steps)), 2):
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


def invert(chosen: Mapping[Cell, Sequence[Pair]], key: bytes) -> list[Row]:
    """Rows in keyed order, exactly half of every cell's pairs inverted."""
    rows = []
    for pairs in chosen.values():
        ranked = sorted(pairs, key=lambda pair: keyed.digest(key, "invert", *pair.identity))
        rows += [_row(pair, inverted=rank < len(ranked) // 2, key=key) for rank, pair in enumerate(ranked)]
    return keyed.order(rows, key, "row", lambda row: row[0].pair_id)


def _row(pair: Pair, inverted: bool, key: bytes) -> Row:
    article, pictures = pair.source.article, pair.source.pictures
    positions = (pair.later, pair.earlier) if inverted else (pair.earlier, pair.later)
    first, second = (Step(article.steps[place].headline, pictures[place].name) for place in positions)
    methods = {article.steps[place].method for place in positions}
    strata = {**article.strata, "method": "same" if len(methods) == 1 else "cross"}
    pair_id = keyed.token(key, "pair id", *pair.identity)
    question = StepPair(pair_id, article.category, article.title, first, second)
    return question, Answer(pair_id, int(not inverted), article.article_id, positions, strata)
