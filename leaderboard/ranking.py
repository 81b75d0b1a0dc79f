"""Ranks that do not over-claim. Pure: counts in, verdicts out.

All rows of one set and modality answered the same pairs, so all are compared with all on one shared bootstrap over
articles, and judged at once: what |t| must exceed is the 95 % quantile of the largest |t| over all pairs of rows
(studentised max-|t|, Romano and Wolf 2005), taken again over the pairs that are left after each round of claims
(step-down). With 95 % confidence no claim on a board is false; a rank is the interval that the claims leave open.

A difference that is the same on every article shows no variance to judge it by, and is not claimed. Not covered: what
another training run of the same model would have scored; articles that resemble each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from harness import keyed

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]

LEVEL = 0.95
POWER = 0.8
RESAMPLES = 4_999  # (4999 + 1) x 0.95 is whole, so the quantile is one draw; it wanders by about 1 % between keys
ALIKE = 1e-10  # share of two rows' own variances under which their difference is taken to be constant
DIGITS = 4  # of the critical value: far coarser than what floating point does on another machine


@dataclass(frozen=True)
class Contest:
    """What the rows of one set and modality got right.

    category: of each article (articles,). asked: pairs of each article (articles,). correct: (articles, rows).
    """

    category: tuple[str, ...]
    asked: NDArray[np.int64]
    correct: NDArray[np.int64]

    @property
    def smallest(self) -> int:
        """Articles of the category that has fewest: under two, nothing tells how much they differ."""
        return min(Counter(self.category).values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """What may be said of each pair of rows.

    macro: (rows,). better: (rows, rows), whether the first is resolvably better than the second. critical: what |t|
    had to exceed in the first round. resolvable: the true difference in macro accuracy that is claimed with
    probability POWER, for the median pair of rows. Both are None where nothing can be compared.
    """

    macro: Floats
    better: Flags
    critical: float | None
    resolvable: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """low to high: the ranks that the claims leave open. group: 1 leads; every row of a group beats all of the next."""

    low: int
    high: int
    group: int


def compare(contest: Contest, key: bytes) -> Comparison:
    """Compare all rows with all others. key: what the bootstrap draws by."""
    macro, influence = influences(contest)
    better = np.zeros((len(macro), len(macro)), dtype=np.bool_)
    variance, degrees = differences(contest, influence)
    first, second = np.nonzero(np.triu(variance, 1))
    if contest.smallest < 2 or not len(first):
        return Comparison(macro, better, None, None)
    error, freedom = np.sqrt(variance[first, second]), degrees[first, second]
    difference = macro[first] - macro[second]
    size = -ndtri(stdtr(freedom, -np.abs(difference) / error))  # the normal deviate as rare as this t
    drawn = multipliers(len(influence), key) @ influence
    claimed, critical = _step_down(size, error, drawn, first, second)
    ahead = difference > 0
    better[np.where(ahead, first, second)[claimed], np.where(ahead, second, first)[claimed]] = True
    middle = float(np.median(freedom))
    deviates = stdtrit(middle, POWER) - stdtrit(middle, float(ndtr(-critical)))
    return Comparison(macro, better, critical, float(np.median(error) * deviates))


def standings(comparison: Comparison, contestants: Sequence[int]) -> list[Standing]:
    """The standing of each contestant among the contestants, which come best first."""
    better = comparison.better[np.ix_(contestants, contestants)]
    size = len(contestants)
    low = 1 + better.sum(axis=0)
    high = size - better.sum(axis=1)
    beaten = [bool(better[: place + 1, place + 1 :].all()) for place in range(size - 1)]
    group = np.cumsum([1, *beaten])
    return [Standing(int(low[i]), int(high[i]), int(group[i])) for i in range(size)]


def influences(contest: Contest) -> tuple[Floats, Floats]:
    """Macro accuracies (rows,) and each article's influence on them (articles, rows), scaled so that
    influence.T @ influence is their unbiased covariance.
    """
    category, rows = np.array(contest.category), contest.correct.shape[1]
    macro, influence = np.zeros(rows), np.zeros(contest.correct.shape)
    names = sorted(set(contest.category))
    for name in names:
        chosen = category == name
        articles, asked, correct = int(chosen.sum()), contest.asked[chosen], contest.correct[chosen]
        accuracy = correct.sum(axis=0) / asked.sum()
        unbiased = np.sqrt(articles / max(1, articles - 1))
        influence[chosen] = unbiased * (correct - asked[:, None] * accuracy) / (asked.sum() * len(names))
        macro += accuracy / len(names)
    return macro, influence


def differences(contest: Contest, influence: Floats) -> tuple[Floats, Floats]:
    """Of each pair of rows (rows, rows): the variance of the difference of their accuracies, 0 where it is constant,
    and its degrees of freedom (Satterthwaite 1946), since few articles of a category tell their variance badly.
    """
    category, rows = np.array(contest.category), influence.shape[1]
    variance, spread, scale = np.zeros((rows, rows)), np.zeros((rows, rows)), np.zeros((rows, rows))
    for name, articles in Counter(contest.category).items():
        part = influence[category == name]
        covariance = part.T @ part
        own = np.diag(covariance)
        total = np.add.outer(own, own)
        found = total - 2 * covariance
        variance += found
        scale += total
        spread += found**2 / max(1, articles - 1)
    variance[variance < ALIKE * scale] = 0.0
    degrees = np.divide(variance**2, spread, out=np.ones_like(variance), where=variance > 0)
    return variance, degrees


def multipliers(articles: int, key: bytes) -> Floats:
    """What each article's influence is multiplied by in each draw: standard normal (RESAMPLES, articles).

    A multiplier bootstrap (Mammen 1993) keeps its tails where resampling six articles runs out of patterns. Raw bits
    of a counter-based generator are made normal here, so that no release of numpy can change a published rank.
    """
    seed = np.frombuffer(keyed.digest(key, "ranking")[:16], dtype="<u8")
    bits = np.random.Philox(key=seed).random_raw(RESAMPLES * articles) >> np.uint64(11)
    normal: Floats = ndtri((bits + 0.5) / 2.0**53)
    return normal.reshape(RESAMPLES, articles)


def _step_down(size: Floats, error: Floats, drawn: Floats, first: Indices, second: Indices) -> tuple[Flags, float]:
    """Which pairs of rows are claimed to differ, and what |t| had to exceed in the first round.

    size: |t| of each pair, as a normal deviate. error: its standard error. first, second: its rows.
    """
    claimed = np.zeros(len(size), dtype=np.bool_)
    deviations = np.ascontiguousarray(drawn.T, dtype=np.float32)  # (rows, resamples)
    weight = (1 / error).astype(np.float32)
    opening = 0.0
    while not claimed.all():
        left = np.nonzero(~claimed)[0]
        critical = _quantile(_largest(deviations, weight[left], first[left], second[left]))
        opening = opening or critical
        found = ~claimed & (size > critical)
        if not found.any():
            break
        claimed |= found
    return claimed, opening


def _largest(deviations: NDArray[np.float32], weight: NDArray[np.float32], first: Indices, second: Indices) -> Floats:
    """The largest |t| over the pairs of rows in each resample (resamples,). first must not descend."""
    largest = np.zeros(deviations.shape[1], dtype=np.float32)
    starts = np.searchsorted(first, np.arange(len(deviations) + 1))
    for row in range(len(deviations)):
        pairs = slice(starts[row], starts[row + 1])
        if pairs.start < pairs.stop:
            gap = np.abs(deviations[second[pairs]] - deviations[row]) * weight[pairs, None]
            np.maximum(largest, gap.max(axis=0), out=largest)
    return largest.astype(np.float64)


def _quantile(largest: Floats) -> float:
    """The LEVEL quantile, counting the observed board itself as one more draw."""
    place = round((len(largest) + 1) * LEVEL) - 1
    return round(float(np.sort(largest)[place]), DIGITS)
