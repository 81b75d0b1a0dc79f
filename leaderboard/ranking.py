"""Ranks with simultaneous confidence: a pure function of the counts per article.

All rows of one set and modality answered the same pairs, so all rows are compared with each other on one shared
bootstrap over articles. A difference is claimed where |t| exceeds the 95 % quantile of the largest |t| over all pairs
of rows (studentised max-|t|, Romano and Wolf 2005); the quantile is taken again over the remaining pairs after each
round of claims (step-down). With 95 % confidence no claim on a board is false; a rank is the interval that the claims
leave open.

A difference that is the same on every article has no variance to be judged by, and is not claimed. Not covered: the
variation between training runs of one model, and articles that resemble each other.
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
from harness.statistics.intervals import Floats

Indices: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]

LEVEL = 0.95
POWER = 0.8
RESAMPLES = 4_999  # (4999 + 1) x 0.95 is whole, so the quantile is one draw; it wanders by about 1 % between keys
ALIKE = 1e-10  # a variance below this share of the two rows' own variances counts as zero
DIGITS = 4  # of the critical value: far coarser than rounding differences between machines


@dataclass(frozen=True)
class Contest:
    """The counts of all compared rows of one set and modality.

    category: of each article (articles,). asked: pairs of each article (articles,).
    correct: pairs that each row predicted correctly (articles, rows).
    """

    category: tuple[str, ...]
    asked: NDArray[np.int64]
    correct: NDArray[np.int64]

    @property
    def smallest(self) -> int:
        """Return the articles of the smallest category; with fewer than two, its variance cannot be estimated."""
        return min(Counter(self.category).values())


@dataclass(frozen=True, slots=True)
class PairwiseClaims:
    """The claims that the evidence allows about each pair of rows.

    macro: macro accuracies (rows,). better: whether the first row is resolvably better than the second (rows, rows).
    critical: the value that |t| had to exceed in the first round. resolvable: the true difference in macro accuracy
    that is claimed with probability POWER, for the median pair of rows. Both are None where nothing can be compared.
    """

    macro: Floats
    better: Flags
    critical: float | None
    resolvable: float | None


@dataclass(frozen=True, slots=True)
class RankInterval:
    """The ranks low to high that the claims leave open. group: 1 leads; every row of a group beats all of the next."""

    low: int
    high: int
    group: int


def compare(contest: Contest, key: bytes) -> PairwiseClaims:
    """Compare every row with every other. key: the key from which the bootstrap draws."""
    macro, influence = influences(contest)
    better = np.zeros((len(macro), len(macro)), dtype=np.bool_)
    variance, degrees = differences(contest, influence)
    first, second = np.nonzero(np.triu(variance, 1))
    if contest.smallest < 2 or not len(first):
        return PairwiseClaims(macro, better, None, None)
    error, freedom = np.sqrt(variance[first, second]), degrees[first, second]
    difference = macro[first] - macro[second]
    size = -ndtri(stdtr(freedom, -np.abs(difference) / error))  # the normal deviate as rare as this t
    drawn = multipliers(len(influence), key) @ influence
    claimed, critical = _step_down(size, error, drawn, first, second)
    ahead = difference > 0
    better[np.where(ahead, first, second)[claimed], np.where(ahead, second, first)[claimed]] = True
    middle = float(np.median(freedom))
    deviates = stdtrit(middle, POWER) - stdtrit(middle, float(ndtr(-critical)))
    return PairwiseClaims(macro, better, critical, float(np.median(error) * deviates))


def rank_intervals(claims: PairwiseClaims, contestants: Sequence[int]) -> list[RankInterval]:
    """Return the ranks of each contestant among the contestants, which come best first."""
    better = claims.better[np.ix_(contestants, contestants)]
    size = len(contestants)
    low = 1 + better.sum(axis=0)
    high = size - better.sum(axis=1)
    beaten = [bool(better[: place + 1, place + 1 :].all()) for place in range(size - 1)]
    group = np.cumsum([1, *beaten])
    return [RankInterval(int(low[i]), int(high[i]), int(group[i])) for i in range(size)]


def influences(contest: Contest) -> tuple[Floats, Floats]:
    """Return macro accuracies (rows,) and the influence of each article on them (articles, rows).

    The influence is scaled so that influence.T @ influence is the unbiased covariance of the accuracies, also with
    articles of unequal size: each residual is divided by the root of its expected share of an article's variance, where
    the rates of articles vary equally (CR2, Bell and McCaffrey 2002).
    """
    category, rows = np.array(contest.category), contest.correct.shape[1]
    macro, influence = np.zeros(rows), np.zeros(contest.correct.shape)
    names = sorted(set(contest.category))
    for name in names:
        chosen = category == name
        asked, correct = contest.asked[chosen], contest.correct[chosen]
        accuracy = correct.sum(axis=0) / asked.sum()
        weight = asked / asked.sum()
        left = 1 - 2 * weight + (weight**2).sum()  # 0 only where an article is alone
        scale = weight / np.sqrt(np.where(len(asked) > 1, left, 1.0)) / len(names)
        influence[chosen] = scale[:, None] * (correct / asked[:, None] - accuracy)
        macro += accuracy / len(names)
    return macro, influence


def differences(contest: Contest, influence: Floats) -> tuple[Floats, Floats]:
    """Return the variance of the difference between the accuracies of each pair of rows, and its degrees of freedom.

    Both have shape (rows, rows). The variance is 0 where the difference is constant. The degrees of freedom
    (Satterthwaite 1946) account for variances estimated from few articles per category; of one category they are the
    effective number of its articles, 1 / sum of squared weights, less one.
    """
    category, rows = np.array(contest.category), influence.shape[1]
    variance, spread, scale = np.zeros((rows, rows)), np.zeros((rows, rows)), np.zeros((rows, rows))
    for name in sorted(set(contest.category)):
        chosen = category == name
        weight = contest.asked[chosen] / contest.asked[chosen].sum()
        effective = 1 / (weight**2).sum() - 1 if len(weight) > 1 else 1.0
        part = influence[chosen]
        covariance = part.T @ part
        own = np.diag(covariance)
        total = np.add.outer(own, own)
        found = total - 2 * covariance
        variance += found
        scale += total
        spread += found**2 / effective
    variance[variance < ALIKE * scale] = 0.0
    degrees = np.divide(variance**2, spread, out=np.ones_like(variance), where=variance > 0)
    return variance, degrees


def multipliers(articles: int, key: bytes) -> Floats:
    """Return the factor of each article's influence in each draw: standard normal (RESAMPLES, articles).

    A multiplier bootstrap (Mammen 1993) keeps its tails where resampling of six articles has too few patterns. The raw
    bits of a counter-based generator are made normal here, so that no release of numpy can change a published rank.
    """
    seed = np.frombuffer(keyed.digest(key, "ranking")[:16], dtype="<u8")
    bits = np.random.Philox(key=seed).random_raw(RESAMPLES * articles) >> np.uint64(11)
    normal: Floats = ndtri((bits + 0.5) / 2.0**53)
    return normal.reshape(RESAMPLES, articles)


def _step_down(size: Floats, error: Floats, drawn: Floats, first: Indices, second: Indices) -> tuple[Flags, float]:
    """Return whether each pair of rows is claimed to differ, and the value that |t| had to exceed in the first round.

    Args:
        size: |t| of each pair, as a normal deviate (pairs,).
        error: standard error of each pair's difference (pairs,).
        drawn: deviations of the accuracies in each draw (RESAMPLES, rows).
        first, second: the rows of each pair (pairs,).
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
    """Return the largest |t| over the pairs of rows in each resample (resamples,). first must be ascending."""
    largest = np.zeros(deviations.shape[1], dtype=np.float32)
    starts = np.searchsorted(first, np.arange(len(deviations) + 1))
    for row in range(len(deviations)):
        pairs = slice(starts[row], starts[row + 1])
        if pairs.start < pairs.stop:
            gap = np.abs(deviations[second[pairs]] - deviations[row]) * weight[pairs, None]
            np.maximum(largest, gap.max(axis=0), out=largest)
    return largest.astype(np.float64)


def _quantile(largest: Floats) -> float:
    """Return the LEVEL quantile; the observed board counts as one more draw."""
    place = round((len(largest) + 1) * LEVEL) - 1
    return round(float(np.sort(largest)[place]), DIGITS)
