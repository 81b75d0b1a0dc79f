"""Canaries: all pairs of some articles, whose steps are recorded in one secret random order.

An article is made a canary before its pairs are drawn: the contents of its steps are shuffled, and then it is treated
like any other article. Pairs are drawn, inverted, named and recorded by the same functions, from the shuffled
positions. Its labels therefore agree with each other, with the recorded positions and methods, and with the public rule
that draws pairs, exactly as those of an ordinary article. Only the release key tells which articles they are.

Contents are ranked by an HMAC of the picture, so that two canary articles that share pictures agree on their order.
Articles of one duplicate group are canaries together: otherwise an ordinary duplicate would contradict the canary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from dataset_builder.articles.article import IllustratedArticle
from dataset_builder.articles.splitting import QuotaKey
from harness import keyed
from harness.errors import InputError


@dataclass(frozen=True, slots=True)
class CanaryRule:
    """How canary articles are chosen.

    pairs: number of canary pairs wanted; whole articles give about as many. key: the release key. groups: the duplicate
    group of every article id.
    """

    pairs: int
    key: bytes
    groups: Mapping[str, str]


def apportion(count: int, quotas: Mapping[str, int]) -> dict[str, int]:
    """Return `count` divided in proportion to the quotas, by largest remainder; ties go in alphabetical order.

    400 over {"a": 5000, "b": 2000, "c": 1000} give {"a": 250, "b": 100, "c": 50}.
    """
    total = sum(quotas.values()) or 1
    shares = {name: count * quota // total for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: (-(count * quotas[name] % total), name))
    for name in by_remainder[: count - sum(shares.values())]:
        shares[name] += 1
    return shares


def articles_wanted(extra: int, quota: int, articles: int) -> int:
    """Return the number of canary articles: their share of the articles is the share of `extra` in all pairs.

    The number does not depend on the pairs that each article gives, so every article is a canary with the same
    probability. At least one, if any canary is wanted.
    """
    return max(1, round(extra * articles / (quota + extra))) if extra else 0


def choose_articles(
    candidates: Mapping[QuotaKey, Collection[str]], wanted: Mapping[QuotaKey, int], rule: CanaryRule
) -> set[str]:
    """Return the ids of the canary articles: the first duplicate groups by keyed rank, as far as every quota has room.

    Args:
        candidates: the articles of each quota that will be asked about.
        wanted: the number of canary articles of each quota.

    Raises:
        InputError: a quota wants canaries and no group fits into it.
    """
    sizes: dict[str, Counter[QuotaKey]] = {}
    members: dict[str, list[str]] = {}
    for quota, names in candidates.items():
        for name in names:
            group = rule.groups[name]
            sizes.setdefault(group, Counter())[quota] += 1
            members.setdefault(group, []).append(name)
    room = Counter(wanted)
    chosen: set[str] = set()
    for group in keyed.order(members, rule.key, "canary article", lambda group: group):
        if sizes[group] <= room:
            room -= sizes[group]
            chosen.update(members[group])
    for quota, count in wanted.items():
        if count and room[quota] == count:
            raise InputError(
                f"{' '.join(quota).strip()!r}: no article can be a canary, wanted {count} of {len(candidates[quota])}; "
                f"set canaries = 0 in the spec, or give more articles"
            )
    return chosen


def shuffle(one: IllustratedArticle, key: bytes) -> IllustratedArticle:
    """Return the article with the contents of its steps in secret order; methods keep their positions."""
    steps, pictures = one.article.steps, one.pictures
    shown = Counter(picture.name for picture in pictures)

    def rank(place: int) -> tuple[bytes, int]:
        name = pictures[place].name
        identity = (name,) if shown[name] == 1 else (name, steps[place].headline)
        return keyed.digest(key, "canary step", *identity), place

    order = sorted(range(len(steps)), key=rank)
    shuffled = tuple(replace(steps[old], method=steps[new].method) for new, old in enumerate(order))
    return IllustratedArticle(replace(one.article, steps=shuffled), tuple(pictures[old] for old in order))
