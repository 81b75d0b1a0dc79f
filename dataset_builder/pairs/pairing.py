"""Choose pairs: unique, unordered, without replacement, spread evenly over the articles. They have no order yet."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dataset_builder.articles.article import IllustratedArticle
from dataset_builder.articles.splitting import QuotaKey
from dataset_builder.pairs.canaries import apportion
from dataset_builder.spec import Spec
from harness import keyed
from harness.errors import InputError


@dataclass(frozen=True, slots=True)
class UnorderedPair:
    """Two steps of one article by position, earlier < later."""

    source: IllustratedArticle
    earlier: int
    later: int

    @property
    def article_id(self) -> str:
        """The id of the pair's article."""
        return self.source.article_id

    @property
    def edge(self) -> tuple[int, int]:
        """Both positions, the earlier first."""
        return self.earlier, self.later

    @property
    def identity(self) -> tuple[str, int, int]:
        """Article id and positions: unique within a build."""
        return self.article_id, self.earlier, self.later


@dataclass(frozen=True, slots=True)
class DrawnPairs:
    """The pairs of one quota. canaries: the number of them that will not count; the release key decides which."""

    where: str  # quota and subset, for messages
    pairs: Sequence[UnorderedPair]
    canaries: int


def choose(
    articles: Mapping[QuotaKey, Collection[IllustratedArticle]], spec: Spec, subset: str, canaries: int = 0
) -> Iterator[DrawnPairs]:
    """Yield a subset's pairs: each category's quota, in equal parts over the values of the balanced stratum.

    Args:
        articles: the subset's articles by quota.
        canaries: number of additional pairs, in proportion to the quotas. They are drawn with the others, so that
            nothing distinguishes them.

    Raises:
        InputError: articles are missing, too few, or the quota does not divide into exact halves.
    """
    extra = apportion(canaries, {category: spec.quota(category, subset) for category in spec.categories})
    for category in spec.categories:
        keys = [key for key in articles if key[0] == category]
        quota = spec.quota(category, subset)
        _check_divides(category, subset, quota, keys, spec)
        extras = apportion(extra[category], {key[1]: 1 for key in keys}) if keys else {}
        for key in keys:
            wanted = quota // len(keys) + extras[key[1]]
            where = f"{' '.join(key).strip()!r} {subset}"
            yield DrawnPairs(where, draw(articles[key], wanted, spec, where), extras[key[1]])


def _check_divides(category: str, subset: str, quota: int, keys: Sequence[QuotaKey], spec: Spec) -> None:
    if quota and not keys:
        raise InputError(f"{category!r}: no article is left for {subset}, wanted {quota} pairs; see what was dropped")
    if keys and quota % (2 * len(keys)):
        raise InputError(
            f"{category!r}: {subset} = {quota} does not divide into exact halves over the {len(keys)} values of "
            f"{spec.pairs.balance!r}; wanted a multiple of {2 * len(keys)}"
        )


def draw(articles: Collection[IllustratedArticle], quota: int, spec: Spec, where: str) -> list[UnorderedPair]:
    """Return `quota` pairs, spread over the articles by water-filling, and drawn by keyed rank within an article.

    Raises:
        InputError: the articles do not have that many pairs.
    """
    cap = spec.pairs.per_article or quota
    capacity = {one.article_id: min(sum(1 for _ in admissible(one, spec)), cap) for one in articles}
    if sum(capacity.values()) < quota:
        raise InputError(
            f"{where}: {len(articles)} articles give {sum(capacity.values())} pairs, wanted {quota}. "
            f"Ask for fewer in [categories], or give more articles."
        )
    ranked = keyed.order(capacity, spec.key, "remainder", lambda name: name)
    shares = water_fill({name: capacity[name] for name in ranked}, quota)

    def rank(pair: UnorderedPair) -> bytes:
        return keyed.digest(spec.key, "pair", *pair.identity)

    return [pair for one in articles for pair in heapq.nsmallest(shares[one.article_id], admissible(one, spec), rank)]


def admissible(one: IllustratedArticle, spec: Spec) -> Iterable[UnorderedPair]:
    """Yield the article's pairs whose two steps differ in picture and in headline, so that every modality can tell.

    A step that repeats an earlier one completely is left out: the same question would have two answers.
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
            yield UnorderedPair(one, earlier, later)


def water_fill(capacity: Mapping[str, int], quota: int) -> dict[str, int]:
    """Return the most even shares that sum to the quota, none over its capacity; the remainder goes one each, in order.

    capacity {"a": 1, "b": 5, "c": 5} and quota 8 give {"a": 1, "b": 4, "c": 3}.
    """
    shares: dict[str, int] = {}
    left = quota
    rising = sorted(capacity, key=lambda name: capacity[name])
    for index, name in enumerate(rising):
        level, over = divmod(left, len(rising) - index)
        if capacity[name] > level:  # all that follow can take the level; the first of them in order take one more
            rest = set(rising[index:])
            takers = [other for other in capacity if other in rest and capacity[other] > level][:over]
            return shares | dict.fromkeys(rest, level) | dict.fromkeys(takers, level + 1)
        shares[name] = capacity[name]
        left -= capacity[name]
    return shares
