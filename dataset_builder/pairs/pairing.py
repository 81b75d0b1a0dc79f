"""Choose pairs: unique, unordered, without replacement, spread evenly over the articles. They have no order yet."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from dataset_builder.articles.article import IllustratedArticle
from dataset_builder.articles.splitting import QuotaKey
from dataset_builder.pairs.canaries import CanaryRule, apportion, articles_wanted, choose_articles, shuffle
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
    def identity(self) -> tuple[str, int, int]:
        """Article id and positions: unique within a build."""
        return self.article_id, self.earlier, self.later


@dataclass(frozen=True, slots=True)
class DrawnPairs:
    """The pairs of one quota: those that count, and those of canary articles."""

    where: str  # quota and subset, for messages
    pairs: Sequence[UnorderedPair]
    canaries: Sequence[UnorderedPair] = ()


Capacity = Mapping[str, int]  # article id: number of pairs that the article can give


def choose(
    articles: Mapping[QuotaKey, Collection[IllustratedArticle]],
    spec: Spec,
    subset: str,
    rule: CanaryRule | None = None,
) -> Iterator[DrawnPairs]:
    """Yield a subset's pairs: each category's quota, in equal parts over the values of the balanced stratum.

    Args:
        articles: the subset's articles by quota.
        rule: how to choose the canary articles of a hidden set, which come in addition to the quotas.

    Raises:
        InputError: articles are missing, too few, or the quota does not divide into exact halves.
    """
    quotas = {key: quota for category in spec.categories for key, quota in _quotas(category, subset, articles, spec)}
    capacity = {key: _capacity(articles[key], spec) for key in quotas}
    secret = _canary_articles(quotas, capacity, spec, subset, rule) if rule and rule.pairs else set()
    for key, quota in quotas.items():
        where = _where(key, subset)
        inside = articles[key]
        held = capacity[key]
        canaries: dict[str, IllustratedArticle] = {}
        if rule and (hidden := secret & held.keys()):
            canaries = {one.article_id: shuffle(one, rule.key) for one in inside if one.article_id in hidden}
            held = {**held, **_capacity(canaries.values(), spec)}
        _check_enough({name: held[name] for name in held if name not in canaries}, quota, where)
        if spec.pairs.draw == "random":
            shares = _random_shares(inside, held, quota, spec, where, bool(canaries))
        else:
            shares = share_out(_ranked(held, spec), quota, canaries, rule.key if rule else b"")
        counted = (one for one in inside if one.article_id not in canaries)
        yield DrawnPairs(where, _draw(counted, shares, spec), _draw(canaries.values(), shares, spec))


def _where(key: QuotaKey, subset: str) -> str:
    return f"{' '.join(key).strip()!r} {subset}"


def _quotas(
    category: str, subset: str, articles: Mapping[QuotaKey, Collection[IllustratedArticle]], spec: Spec
) -> list[tuple[QuotaKey, int]]:
    """Return the quotas of one category, equal for all values of the balanced stratum."""
    keys = [key for key in articles if key[0] == category]
    quota = spec.quota(category, subset)
    if quota and not keys:
        raise InputError(f"{category!r}: no article is left for {subset}, wanted {quota} pairs; see what was dropped")
    if keys and quota % (2 * len(keys)):
        raise InputError(
            f"{category!r}: {subset} = {quota} does not divide into exact halves over the {len(keys)} values of "
            f"{spec.pairs.balance!r}; wanted a multiple of {2 * len(keys)}"
        )
    return [(key, quota // len(keys)) for key in keys]


def _canary_articles(
    quotas: Mapping[QuotaKey, int],
    capacity: Mapping[QuotaKey, Capacity],
    spec: Spec,
    subset: str,
    rule: CanaryRule,
) -> set[str]:
    """Return the ids of the canary articles, among those that pairs are drawn from."""
    by_category = apportion(rule.pairs, {category: spec.quota(category, subset) for category in spec.categories})
    candidates: dict[QuotaKey, list[str]] = {}
    wanted: dict[QuotaKey, int] = {}
    for category, extra in by_category.items():
        extras = apportion(extra, {key[1]: 1 for key in quotas if key[0] == category})
        for value, count in extras.items():
            key = category, value
            _check_enough(capacity[key], quotas[key] + count, _where(key, subset))
            shares = water_fill(_ranked(capacity[key], spec), quotas[key] + count)
            candidates[key] = [name for name, share in shares.items() if share]
            wanted[key] = articles_wanted(count, quotas[key], len(candidates[key]))
    return choose_articles(candidates, wanted, rule)


def _capacity(articles: Iterable[IllustratedArticle], spec: Spec) -> dict[str, int]:
    counts = {one.article_id: sum(1 for _ in admissible(one, spec)) for one in articles}
    cap = spec.pairs.per_article
    return {name: min(count, cap) for name, count in counts.items()} if cap else counts


def _ranked(capacity: Capacity, spec: Spec) -> dict[str, int]:
    """Return the capacities in the keyed order in which articles take a remainder."""
    return {name: capacity[name] for name in keyed.order(capacity, spec.key, "remainder", lambda name: name)}


def _check_enough(capacity: Capacity, quota: int, where: str) -> None:
    if sum(capacity.values()) < quota:
        raise InputError(
            f"{where}: {len(capacity)} articles give {sum(capacity.values())} pairs, wanted {quota}. "
            f"Ask for fewer in [categories], or give more articles."
        )


def share_out(capacity: Capacity, quota: int, canaries: Collection[str], key: bytes) -> dict[str, int]:
    """Return the number of pairs to draw from each article, such that those that are no canaries give the quota.

    One water level holds for all articles, so that the number of pairs does not tell a canary. Of the totals that give
    the quota, the key draws one: the smallest would end at an article that is certainly no canary.

    Raises:
        ValueError: the articles that are no canaries have not as many pairs.
    """
    if not canaries:
        return water_fill(capacity, quota)

    def counted(total: int) -> int:
        return sum(share for name, share in water_fill(capacity, total).items() if name not in canaries)

    totals = range(quota, sum(capacity.values()) + 1)
    low = bisect_left(totals, quota, key=counted)
    high = min(bisect_right(totals, quota, key=counted), low + len(canaries) + 1)
    if high <= low:
        raise ValueError(f"no total gives {quota} pairs of articles that are no canaries")
    drawn = int.from_bytes(keyed.digest(key, "canary total", *capacity)[:8])
    return water_fill(capacity, totals[low + drawn % (high - low)])


def _random_shares(
    articles: Collection[IllustratedArticle], capacity: Capacity, quota: int, spec: Spec, where: str, hidden: bool
) -> dict[str, int]:
    """Return the shares that result if every pair of the quota has an equal chance, as the paper draws them."""
    if hidden:
        raise InputError(f'{where}: draw = "random" would tell canary articles; use draw = "even" for a hidden set')
    rank = _rank(spec)
    allowed = (p for one in articles for p in heapq.nsmallest(capacity[one.article_id], admissible(one, spec), rank))
    drawn = Counter(pair.article_id for pair in heapq.nsmallest(quota, allowed, rank))
    return {name: drawn[name] for name in capacity}


def _rank(spec: Spec) -> Callable[[UnorderedPair], bytes]:
    return lambda pair: keyed.digest(spec.key, "pair", *pair.identity)


def _draw(articles: Iterable[IllustratedArticle], shares: Mapping[str, int], spec: Spec) -> list[UnorderedPair]:
    """Return each article's share of pairs, drawn by keyed rank of their positions."""
    rank = _rank(spec)
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
