"""Supply of pairs: whether the articles of a crawl can give the pairs that a spec asks for, all shortfalls at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from math import comb

from dataset_builder.articles.article import Article, IllustratedArticle
from dataset_builder.articles.filters import FilterLedger
from dataset_builder.articles.splitting import QuotaKey
from dataset_builder.pairs import pairing
from dataset_builder.spec import Spec, fold
from harness.contract.decoding import Record
from harness.errors import InputError

TOLD = 20  # shortfalls in one message
# What a person can change about each reason to drop an article.
REMEDIES = {
    "misaligned": "mend these articles in the crawl",
    "too few steps": "lower [articles] min_steps",
    "step without text": "mend these articles in the crawl",
    "step without picture": "mend these articles in the crawl",
    "missing picture": "put the pictures where `wikiorder dataset inspect` looks for them",
    "unusable picture": "mend the pictures",
    "small picture": "lower [articles] min_side",
}


class Shortfall(Record, frozen=True, kw_only=True):
    """Pairs that are missing in one category, in one subset or in all together."""

    category: str
    subset: str | None
    articles: int
    available: int
    wanted: int
    advice: str

    def __str__(self) -> str:
        where = " ".join(filter(None, (repr(self.category), self.subset)))
        if not self.articles:
            at = f" for {self.subset}" if self.subset else ""
            return f"{self.category!r}: no article is left{at}, wanted {self.wanted} pairs. {self.advice}"
        most = "" if self.subset else "at most "
        return (
            f"{where}: {self.articles} articles give {most}{self.available} pairs, wanted {self.wanted}. {self.advice}"
        )


class ShortfallError(InputError):
    """A crawl cannot give the pairs that a spec asks for. shortfalls: all of them."""

    def __init__(self, shortfalls: Sequence[Shortfall]) -> None:
        count = "" if len(shortfalls) == 1 else f"{len(shortfalls)} shortfalls: "
        more = f"; and {len(shortfalls) - TOLD} more" if len(shortfalls) > TOLD else ""
        super().__init__(count + " ".join(map(str, shortfalls[:TOLD])) + more)
        self.shortfalls = shortfalls


def most_pairs(article: Article, spec: Spec) -> int:
    """Return the number of pairs that an article gives at most, if no two of its pictures are the same."""
    groups: dict[int, list[str]] = defaultdict(list)
    for step in article.steps:
        groups[step.method if spec.pairs.within_method else 0].append(step.headline.casefold())
    count = sum(
        comb(len(texts), 2) - sum(comb(same, 2) for same in Counter(texts).values()) for texts in groups.values()
    )
    return min(count, spec.pairs.per_article) if spec.pairs.per_article else count


def before_split(articles: Iterable[Article], spec: Spec, ledger: FilterLedger) -> list[Shortfall]:
    """Return the categories that lack pairs in all subsets together.

    Args:
        articles: those that passed the filters until now: by text, or by their pictures as well.
        ledger: the drops until now, for the advice.
    """
    found: dict[str, list[int]] = defaultdict(list)
    for article in articles:
        found[article.category].append(most_pairs(article, spec))
    shortfalls = []
    for name, quota in spec.categories.items():
        wanted = int(sum(quota.by_subset().values()))
        if sum(found[name]) < wanted:
            advice = _advice(name, sum(found[name]), ledger)
            shortfalls.append(
                Shortfall(
                    category=name,
                    subset=None,
                    articles=len(found[name]),
                    available=sum(found[name]),
                    wanted=wanted,
                    advice=advice,
                )
            )
    return shortfalls


def after_split(
    articles: Mapping[str, Mapping[QuotaKey, Collection[IllustratedArticle]]], spec: Spec, ledger: FilterLedger
) -> list[Shortfall]:
    """Return every category and subset that lacks pairs.

    Args:
        articles: of each subset, by quota.
    """
    shortfalls = []
    for subset, by_quota in articles.items():
        for name in spec.categories:
            keys = [key for key in by_quota if key[0] == name]
            wanted = spec.quota(name, subset) // max(1, len(keys))
            for key in keys or [(name, "")]:
                held = by_quota.get(key, ())
                cap = spec.pairs.per_article or wanted
                available = sum(min(sum(1 for _ in pairing.admissible(one, spec)), cap) for one in held)
                if available < wanted:
                    category = " ".join(key).strip()
                    advice = _advice(name, available, ledger)
                    shortfalls.append(
                        Shortfall(
                            category=category,
                            subset=subset,
                            articles=len(held),
                            available=available,
                            wanted=wanted,
                            advice=advice,
                        )
                    )
    return shortfalls


def _advice(category: str, available: int, ledger: FilterLedger) -> str:
    """Return what would help: a lower quota, another name, or the filter that dropped most of the category."""
    most = available - available % 2
    advice = f"Ask for at most {most} in [categories], or give more articles" if most else "Give more articles"
    reasons = {reason: count for (name, reason), count in ledger.by_category.items() if name == category}
    if reasons:
        reason = max(reasons, key=lambda one: (reasons[one], one))
        if reason in REMEDIES:
            advice += f"; {reasons[reason]} were dropped as {reason!r}: {REMEDIES[reason]}"
    elif not available and (near := nearest(category, [name for name, own in ledger.categories if own is None])):
        advice += f"; the crawl has {' and '.join(map(repr, near))}: rename it, or add it to [aliases]"
    return f"{advice}."


def nearest(name: str, others: Iterable[str]) -> list[str]:
    """Return up to three of the names that are spelt most like a name."""
    folded = {fold(other): other for other in others}
    return [folded[one] for one in get_close_matches(fold(name), folded, n=3, cutoff=0.6)]
