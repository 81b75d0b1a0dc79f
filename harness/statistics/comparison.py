"""Is one result better than another on the same set? Paired by pair, tested by article.

interval       clustered, of the paired difference in accuracy (`intervals.py`)
p              sign-flip permutation: under the hypothesis that the two are alike, each article's difference could
               as well have had the other sign. All flips where there are few articles, 10,000 keyed ones otherwise
p (Holm)       corrected for looking at every category
McNemar        exact, on pairs that only one got right, as if pairs were independent: the naive reference
resolvable     the true difference that this comparison finds with power 0.8
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness import keyed
from harness.errors import InputError
from harness.records import GroundTruth, Prediction, StepPair
from harness.statistics import intervals
from harness.statistics.intervals import Counts, Floats
from harness.statistics.precision import resolvable, standard_error
from harness.statistics.tally import Tally, bounded, of_group, rounded

FLIPS = 10_000
ROUNDING = 1e-12  # two sums of the same numbers in another order differ by less


def compare(first: Sequence[Tally], second: Sequence[Tally], key: bytes) -> dict[str, Any]:
    """First minus second: macro, micro, and per category. The tallies must be of the same pairs."""
    check_same_pairs(first, second)
    differences = [a.correct - b.correct for a, b in zip(first, second, strict=True)]
    categories = {a.category: _category(a, d, key) for a, d in zip(first, differences, strict=True)}
    corrected = holm([row["p"] for row in categories.values()])
    for row, p in zip(categories.values(), corrected, strict=True):
        row["p_holm"] = rounded(p)
    pairs = sum(tally.pairs for tally in first)
    return {
        "macro": _overall(first, differences, [1 / (len(first) * t.pairs) for t in first], key, micro=False),
        "micro": _overall(first, differences, [1 / pairs] * len(first), key, micro=True),
        "categories": categories,
    }


def drop(
    answers: Sequence[GroundTruth], asked: Mapping[str, float], again: Mapping[str, float], key: bytes, name: str
) -> dict[str, Any]:
    """How much accuracy falls on the pairs asked again otherwise, such as with blank pictures; paired, clustered."""
    rows = [answer for answer in answers if answer.pair_id in again]
    tallies = [
        of_group(name, rows, {a.pair_id: int(Prediction(a.pair_id, said[a.pair_id]).label == a.label) for a in rows})
        for said in (asked, again)
    ]
    return _category(tallies[0], tallies[0].correct - tallies[1].correct, key)


def check_same_pairs(first: Sequence[Tally], second: Sequence[Tally]) -> None:
    ours, theirs = ([(t.category, t.articles, t.asked.tolist()) for t in tallies] for tallies in (first, second))
    if ours != theirs:
        raise InputError("the two results do not answer the same pairs of the same articles; compare within one set")


def sign_flip(differences: Floats, key: bytes, *purpose: str) -> float:
    """The two-sided p of the sum of the articles' differences (articles,), against random signs."""
    apart = differences[differences != 0]
    if len(apart) == 0:
        return 1.0
    exact = 2 ** len(apart) <= FLIPS
    sums = _all_signs(len(apart)) @ apart if exact else _random_signs(len(apart), key, *purpose) @ apart
    as_extreme = int((np.abs(sums) >= abs(apart.sum()) - ROUNDING).sum())
    return as_extreme / len(sums) if exact else (as_extreme + 1) / (len(sums) + 1)


def holm(values: Sequence[float]) -> list[float]:
    """Holm's step-down correction of several p values, in their order (Holm 1979)."""
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate([values[i] * (len(values) - rank) for rank, i in enumerate(order)])
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(p) for p in corrected]


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p that pairs which only one got right are split evenly (McNemar 1947)."""
    if only_first + only_second == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(only_first, only_first + only_second).pvalue)


def pairs_apart(questions: Sequence[StepPair], first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, Any]:
    """The pairs that only one result got right, and McNemar's test over all and per category."""
    only_first = [pair for pair in questions if first[pair.pair_id] > second[pair.pair_id]]
    only_second = [pair for pair in questions if first[pair.pair_id] < second[pair.pair_id]]
    ours, theirs = (Counter(pair.category for pair in pairs) for pairs in (only_first, only_second))
    by_category = {
        category: _mcnemar_row(ours[category], theirs[category]) for category in sorted({q.category for q in questions})
    }
    return {
        "mcnemar": _mcnemar_row(len(only_first), len(only_second)) | {"categories": by_category},
        "only_first": [pair.pair_id for pair in only_first],
        "only_second": [pair.pair_id for pair in only_second],
    }


def _mcnemar_row(only_first: int, only_second: int) -> dict[str, Any]:
    return {"only_first": only_first, "only_second": only_second, "p": rounded(mcnemar(only_first, only_second))}


def _category(tally: Tally, difference: Counts, key: bytes) -> dict[str, Any]:
    drawn = intervals.resampled(difference, tally.asked, key, tally.category)
    interval = intervals.of_difference(difference, tally.asked, drawn)
    p = sign_flip(difference.astype(np.float64), key, tally.category)
    articles = len(tally.articles)
    apart = resolvable(standard_error(difference, tally.asked), articles - 1) if interval.low is not None else None
    row = bounded(int(difference.sum()) / tally.pairs, interval)
    return row | {
        "p": rounded(p),
        "method": interval.method,
        "pairs": tally.pairs,
        "articles": articles,
        "resolvable_difference": rounded(apart),
    }


def _overall(
    tallies: Sequence[Tally], differences: Sequence[Counts], weights: Sequence[float], key: bytes, micro: bool
) -> dict[str, Any]:
    """weights: of one pair of each category in the figure."""
    drawn = [intervals.resampled(d, t.asked, key, t.category) for d, t in zip(differences, tallies, strict=True)]
    if micro:
        figures = np.sum([d.correct for d in drawn], axis=0) / np.sum([d.asked for d in drawn], axis=0)
    else:
        figures = np.mean([d.accuracy for d in drawn], axis=0)
    weighted = np.concatenate([d * w for d, w in zip(differences, weights, strict=True)])
    value = float(weighted.sum())
    interval = intervals.of_several(value, figures, [len(t.articles) for t in tallies], signed=True)
    p = sign_flip(weighted, key, "micro" if micro else "macro")
    return bounded(value, interval) | {"p": rounded(p)}


def _all_signs(articles: int) -> Floats:
    """(2 ** articles, articles) of -1 and 1."""
    bits = np.arange(2**articles)[:, None] >> np.arange(articles) & 1
    return np.where(bits, 1.0, -1.0)


def _random_signs(articles: int, key: bytes, *purpose: str) -> Floats:
    seed = np.frombuffer(keyed.digest(key, "sign flip", *purpose)[:16], dtype="<u8")
    bits = np.random.Philox(key=seed).random_raw(FLIPS * articles) >> np.uint64(63)
    return np.where(bits.reshape(FLIPS, articles), 1.0, -1.0)
