"""Comparison of two results on the same set: differences paired by pair, tested by article.

interval       clustered, of the paired difference in accuracy (`intervals.py`); 0 to 0 where no pair's answer differs
p              sign-flip permutation test: if the two results are equally good, the difference of each article is as
               likely to have the other sign. All flips with few articles, else 10,000 flips drawn by a key
p (Holm)       corrected for testing every category
McNemar        exact, on pairs that only one result got right, as if pairs were independent: the naive reference
resolvable     the true difference that this comparison finds with power 0.8
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
import numpy as np

from harness import keyed
from harness.contract.decoding import Record
from harness.contract.result import Count, Estimate, Fraction, NonNegative
from harness.errors import InputError
from harness.records import GroundTruth, StepPair, predicted_label
from harness.statistics import intervals
from harness.statistics.intervals import Counts, Floats, Resampled, resolvable, standard_error
from harness.statistics.tally import Tally, of_group, rounded

FLIPS = 10_000
ROUNDING = 1e-12  # two sums of the same numbers in another order differ by less


class Difference(Estimate, frozen=True, kw_only=True):
    """A paired difference in accuracy, in [-1, 1], and the p value of its sign-flip test."""

    p: Fraction


class GroupDifference(Difference, frozen=True, kw_only=True):
    """A difference over one group of pairs; `method` names how the interval was made."""

    pairs: Count
    articles: Count
    method: str
    resolvable_difference: NonNegative | None


class CategoryDifference(GroupDifference, frozen=True, kw_only=True):
    """A difference over one category, with p corrected for the number of categories."""

    p_holm: Fraction


class PairedComparison(Record, frozen=True, kw_only=True):
    """The accuracy of the first result minus that of the second: macro, micro and per category."""

    macro: Difference
    micro: Difference
    categories: dict[str, CategoryDifference]


class McNemarTest(Record, frozen=True, kw_only=True):
    """The numbers of pairs that only one result got right, and the exact two-sided p value of an even split."""

    only_first: Count
    only_second: Count
    p: Fraction


class OverallMcNemarTest(McNemarTest, frozen=True, kw_only=True):
    """The test over all pairs, and per category."""

    categories: dict[str, McNemarTest]


class PairsApart(Record, frozen=True, kw_only=True):
    """The ids of the pairs that only one of two results got right, and McNemar's test on their numbers."""

    mcnemar: OverallMcNemarTest
    only_first: list[str]
    only_second: list[str]


def compare(
    first: Sequence[Tally], second: Sequence[Tally], key: bytes, agreed: Collection[str] = ()
) -> PairedComparison:
    """Compare two results by their tallies of the same pairs.

    Args:
        key: the key of resamples and sign flips.
        agreed: the categories in which no pair's answer differs, from `agreed_categories`. Tallies alone cannot tell,
            since answers that differ may cancel within an article.

    Raises:
        InputError: the two results answer different pairs.
    """
    check_same_pairs(first, second)
    same = {tally.category for tally in first} <= set(agreed)
    differences = [a.correct - b.correct for a, b in zip(first, second, strict=True)]
    drawn = [intervals.resampled(d, t.asked, key, t.category) for t, d in zip(first, differences, strict=True)]
    groups = {
        t.category: _group(t, d, key, r, same=t.category in agreed)
        for t, d, r in zip(first, differences, drawn, strict=True)
    }
    corrected = holm([group.p for group in groups.values()])
    articles, pairs = [len(t.articles) for t in first], sum(t.pairs for t in first)
    by_category = np.concatenate([d * (1 / (len(first) * t.pairs)) for t, d in zip(first, differences, strict=True)])
    by_pair = np.concatenate(differences) * (1 / pairs)
    return PairedComparison(
        macro=_overall("macro", by_category, np.mean([r.accuracy for r in drawn], axis=0), articles, key, same),
        micro=_overall("micro", by_pair, intervals.pooled(drawn).accuracy, articles, key, same),
        categories={
            name: CategoryDifference(**msgspec.structs.asdict(group), p_holm=rounded(p))
            for (name, group), p in zip(groups.items(), corrected, strict=True)
        },
    )


def agreed_categories(
    categories: Iterable[str],
    first: Mapping[str, float],
    second: Mapping[str, float],
    category_of: Mapping[str, str] | None,
) -> set[str]:
    """Return the categories in which two results predict the same label for every pair.

    Args:
        categories: all that the results answer.
        first, second: the probability of being in order of each pair, by pair id.
        category_of: the category of each pair, by pair id. Without it (`None`) one label that differs, in whatever
            category, leaves none.
    """
    asked = category_of if category_of is not None else first.keys() | second.keys()
    differing = {pair for pair in asked if _label(first, pair) != _label(second, pair)}
    if category_of is None:
        return set() if differing else set(categories)
    return set(categories) - {category_of[pair] for pair in differing}


def _label(predictions: Mapping[str, float], pair: str) -> int | None:
    """Return the predicted label of a pair; `None` without a prediction."""
    return predicted_label(predictions[pair]) if pair in predictions else None


def drop(
    truths: Sequence[GroundTruth], asked: Mapping[str, float], again: Mapping[str, float], key: bytes, name: str
) -> GroupDifference:
    """Return the loss of accuracy on the pairs asked again in a variant, such as with blank pictures.

    Args:
        asked: the probability of each scored pair, by pair id.
        again: the probability in the variant, by pair id; at least one pair is in `truths`.
        name: the name of the variant, by which resamples and sign flips are drawn.
    """
    rows = [truth for truth in truths if truth.pair_id in again]
    tallies = [
        of_group(name, rows, {t.pair_id: int(predicted_label(stated[t.pair_id]) == t.label) for t in rows})
        for stated in (asked, again)
    ]
    difference = tallies[0].correct - tallies[1].correct
    same = all(predicted_label(asked[t.pair_id]) == predicted_label(again[t.pair_id]) for t in rows)
    return _group(tallies[0], difference, key, intervals.resampled(difference, tallies[0].asked, key, name), same)


def check_same_pairs(first: Sequence[Tally], second: Sequence[Tally]) -> None:
    """Check that two results answer the same pairs.

    Raises:
        InputError: they do not.
    """
    ours, theirs = ([(t.category, t.articles, t.asked.tolist()) for t in tallies] for tallies in (first, second))
    if ours != theirs:
        raise InputError("the two results do not answer the same pairs of the same articles; compare within one set")


def sign_flip(differences: Floats, key: bytes, *purpose: str) -> float:
    """Return the two-sided p value of the sum of the articles' differences (articles,) under random signs."""
    apart = differences[differences != 0]
    if len(apart) == 0:
        return 1.0
    exact = 2 ** len(apart) <= FLIPS
    sums = _all_signs(len(apart)) @ apart if exact else _random_signs(len(apart), key, *purpose) @ apart
    as_extreme = int((np.abs(sums) >= abs(apart.sum()) - ROUNDING).sum())
    return as_extreme / len(sums) if exact else (as_extreme + 1) / (len(sums) + 1)


def holm(values: Sequence[float]) -> list[float]:
    """Return several p values with Holm's step-down correction, in the order given (Holm 1979)."""
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate([values[i] * (len(values) - rank) for rank, i in enumerate(order)])
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(p) for p in corrected]


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the exact two-sided p value of an even split of the pairs that only one got right (McNemar 1947)."""
    if only_first + only_second == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(only_first, only_first + only_second).pvalue)


def pairs_apart(questions: Sequence[StepPair], first: Mapping[str, int], second: Mapping[str, int]) -> PairsApart:
    """Return the pairs that only one result got right, with McNemar's test over all pairs and per category.

    first, second: 1 for each pair that the result got right, else 0, by pair id.
    """
    only_first = [pair for pair in questions if first[pair.pair_id] > second[pair.pair_id]]
    only_second = [pair for pair in questions if first[pair.pair_id] < second[pair.pair_id]]
    ours, theirs = (Counter(pair.category for pair in pairs) for pairs in (only_first, only_second))
    categories = {name: _mcnemar_test(ours[name], theirs[name]) for name in sorted({q.category for q in questions})}
    overall = _mcnemar_test(len(only_first), len(only_second))
    return PairsApart(
        mcnemar=OverallMcNemarTest(**msgspec.structs.asdict(overall), categories=categories),
        only_first=[pair.pair_id for pair in only_first],
        only_second=[pair.pair_id for pair in only_second],
    )


def _mcnemar_test(only_first: int, only_second: int) -> McNemarTest:
    return McNemarTest(only_first=only_first, only_second=only_second, p=rounded(mcnemar(only_first, only_second)))


def _group(tally: Tally, difference: Counts, key: bytes, drawn: Resampled, same: bool) -> GroupDifference:
    """Return the difference over one group.

    Args:
        difference: of the pairs correct of each article, (articles,).
        same: no pair's answer differs.
    """
    interval = intervals.NOTHING_DIFFERS if same else intervals.of_difference(difference, tally.asked, drawn)
    p = sign_flip(difference.astype(np.float64), key, tally.category)
    articles = len(tally.articles)
    error = standard_error(difference, tally.asked) if articles >= intervals.MIN_ARTICLES else 0.0
    apart = resolvable(error, articles - 1) if error else None  # articles that all agree show no error to judge by
    return GroupDifference(
        value=rounded(int(difference.sum()) / tally.pairs),
        low=rounded(interval.low),
        high=rounded(interval.high),
        p=rounded(p),
        pairs=tally.pairs,
        articles=articles,
        method=interval.method,
        resolvable_difference=rounded(apart),
    )


def _overall(
    name: str, differences: Floats, drawn: Floats, articles: Sequence[int], key: bytes, same: bool
) -> Difference:
    """Return a difference over all categories.

    Args:
        name: of the figure, by which sign flips are drawn.
        differences: the share of each article in the figure, (articles of all categories,).
        drawn: the figure in each resample.
        articles: the number of articles of each category.
        same: no pair's answer differs.
    """
    value = float(differences.sum())
    interval = intervals.NOTHING_DIFFERS if same else intervals.of_several(value, drawn, articles, signed=True)
    p = sign_flip(differences, key, name)
    return Difference(value=rounded(value), low=rounded(interval.low), high=rounded(interval.high), p=rounded(p))


def _all_signs(articles: int) -> Floats:
    """Return every combination of signs: (2 ** articles, articles) of -1 and 1."""
    bits = np.arange(2**articles)[:, None] >> np.arange(articles) & 1
    return np.where(bits, 1.0, -1.0)


def _random_signs(articles: int, key: bytes, *purpose: str) -> Floats:
    seed = np.frombuffer(keyed.digest(key, "sign flip", *purpose)[:16], dtype="<u8")
    bits = np.random.Philox(key=seed).random_raw(FLIPS * articles) >> np.uint64(63)
    return np.where(bits.reshape(FLIPS, articles), 1.0, -1.0)
