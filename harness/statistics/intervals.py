"""Intervals and standard errors of accuracies, clustered by article. Pure functions over integer counts.

Pairs of one article are not independent, so articles, not pairs, are resampled (Cameron and Miller 2015). Accuracy is a
ratio of sums over articles, correct / asked, and every function below works on those two counts.

    articles      interval of one accuracy                                          coverage of nominal 95 %
    under 6       none: too few to estimate how much articles differ
    6 to 49       jackknife over articles on the logit scale, t with articles - 1   .93 to .97
    50 and more   percentile bootstrap over articles                                .93 to .97
    all agree     Wilson's with each article counted once: articles of one rate (all correct, say) show no variance

`tests/benchmarks/coverage.py` measures the last column. The intervals do not include the similarity of articles of one
author or site, nor the variation between training runs of one model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness import keyed

Counts: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

MIN_ARTICLES = 6
BOOTSTRAP_FROM = 50
BLOCK = 250  # resamples drawn at once
RESAMPLES = 10_000  # the ends of a 95 % interval then wander by about 2 % of its width between keys
LEVEL = 0.95  # of every interval; tests are two-sided at 1 - LEVEL
POWER = 0.8  # with which the resolvable difference is found
Z = 1.959963984540054  # the normal quantile at 0.975
OFFSET = 0.5  # Haldane's: without it the logit of a perfect remainder is infinite


class Interval(NamedTuple):
    """low, high: both `None` with too few articles; method: the name of the method that made them."""

    low: float | None
    high: float | None
    method: str


class Resampled(NamedTuple):
    """Pairs correct and pairs asked in each resample: float64 (resamples,)."""

    correct: Floats
    asked: Floats

    @property
    def accuracy(self) -> Floats:
        return self.correct / self.asked


NO_INTERVAL = Interval(None, None, "none")
NOTHING_DIFFERS = Interval(0.0, 0.0, "exact")  # of two results whose answers are the same on every pair


def wilson(correct: float, asked: float) -> tuple[float, float]:
    """Return Wilson's interval for `correct` of `asked` independent trials (Wilson 1927): the naive one for pairs."""
    share, spread = correct / asked, Z * Z / asked
    middle = (share + spread / 2) / (1 + spread)
    half = np.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def jackknife(correct: Counts, asked: Counts) -> tuple[Floats, Floats]:
    """Return the logit jackknife-t interval over the articles on the last axis; leading axes are separate tests."""
    right, total = correct.sum(-1, keepdims=True), asked.sum(-1, keepdims=True)
    middle, half = _logit(right, total)[..., 0], _jackknife_half(_logit(right - correct, total - asked))
    return 1 / (1 + np.exp(half - middle)), 1 / (1 + np.exp(-half - middle))


def jackknife_difference(difference: Counts, asked: Counts) -> tuple[Floats, Floats]:
    """Return the jackknife-t interval of difference.sum() / asked.sum(), which may be negative and so has no logit."""
    apart, total = difference.sum(-1, keepdims=True), asked.sum(-1, keepdims=True)
    middle, half = (apart / total)[..., 0], _jackknife_half((apart - difference) / (total - asked))
    return middle - half, middle + half


def resample(articles: int, key: bytes, *purpose: str, resamples: int = RESAMPLES) -> NDArray[np.float32]:
    """Return how often each article is drawn in each resample: (resamples, articles), whole numbers."""
    weights = np.empty((resamples, articles), dtype=np.float32)
    done = 0
    for drawn in _draws(articles, key, purpose, resamples):
        rows = len(drawn)
        flat = drawn + articles * np.arange(rows)[:, None]
        counts = np.bincount(flat.ravel(), minlength=rows * articles)
        weights[done : done + rows] = counts.reshape(rows, articles)
        done += rows
    return weights


def resampled_counts(weights: NDArray[np.float32], counts: Counts) -> Floats:
    """Return weights (resamples, articles) times counts (articles,) or (articles, tests).

    The products are exact, so they are the same on every machine.
    """
    exact_in_single = weights.shape[1] * int(np.abs(counts).max(initial=0)) < 2**24
    if exact_in_single:
        return np.asarray(weights @ counts.astype(np.float32), dtype=np.float64)
    return np.asarray(weights @ counts.astype(np.float64), dtype=np.float64)


def resampled(correct: Counts, asked: Counts, key: bytes, category: str, resamples: int = RESAMPLES) -> Resampled:
    """Return one category's counts in each resample of its articles, scaled to the number of articles.

    The articles are sorted by their counts first, so that an interval does not depend on their names. The sums equal
    those from the weights of `resample`; for one result, indexing the counts is fifteen times as fast as multiplying.
    """
    canonical = np.lexsort((correct, asked))
    sums = [
        [counts[canonical][drawn].sum(1) for counts in (correct, asked)]
        for drawn in _draws(len(asked), key, (category,), resamples)
    ]
    right, total = (np.concatenate(parts) for parts in zip(*sums, strict=True))
    scale = len(asked) / max(1, len(asked) - 1)
    return Resampled(right * scale, total * scale)


def pooled(drawn: Sequence[Resampled]) -> Resampled:
    """Return the counts over all categories in each resample."""
    return Resampled(np.sum([d.correct for d in drawn], axis=0), np.sum([d.asked for d in drawn], axis=0))


def _draws(articles: int, key: bytes, purpose: Sequence[str], resamples: int) -> Iterator[Counts]:
    """Yield the articles of each resample, (rows, articles - 1), BLOCK resamples at a time to save memory.

    Drawing articles - 1 of them makes the variance unbiased (Rao and Wu 1988). Raw bits of a counter-based generator
    are mapped to articles here, so that no release of numpy can change a published interval.
    """
    generator = np.random.Philox(key=np.frombuffer(keyed.digest(key, "resample", *purpose)[:16], dtype="<u8"))
    draws = max(1, articles - 1)
    for start in range(0, resamples, BLOCK):
        rows = min(BLOCK, resamples - start)
        bits = generator.random_raw(rows * draws)
        bits >>= np.uint64(32)
        bits *= np.uint64(articles)
        bits >>= np.uint64(32)
        yield bits.view(np.int64).reshape(rows, draws)


def of_category(correct: Counts, asked: Counts, drawn: Resampled) -> Interval:
    """Return the interval of one accuracy from its articles' counts, by the table at the top of this module."""
    articles, right, total = len(asked), int(correct.sum()), int(asked.sum())
    if articles < MIN_ARTICLES:
        return NO_INTERVAL
    if (correct * total == right * asked).all():
        return _one_vote_each(right / total, articles)
    if articles < BOOTSTRAP_FROM:
        low, high = jackknife(correct, asked)
        return Interval(min(float(low), right / total), max(float(high), right / total), "jackknife")
    return _percentile(drawn.accuracy, right / total)


def of_difference(difference: Counts, asked: Counts, drawn: Resampled) -> Interval:
    """Return the interval of a paired difference in accuracy, from each article's difference in pairs correct."""
    articles, value = len(asked), int(difference.sum()) / int(asked.sum())
    if articles < MIN_ARTICLES:
        return NO_INTERVAL
    if (difference * int(asked.sum()) == int(difference.sum()) * asked).all():
        return _one_vote_each(value, articles, signed=True)
    if articles < BOOTSTRAP_FROM:
        low, high = jackknife_difference(difference, asked)
        return Interval(max(-1.0, float(low)), min(1.0, float(high)), "jackknife")
    return _percentile(drawn.accuracy, value)


def of_several(value: float, drawn: Floats, articles: Sequence[int], signed: bool = False) -> Interval:
    """Return the interval of a figure over categories, such as macro accuracy.

    There is none where a category has a single article, since its variance cannot be estimated.

    Args:
        drawn: the figure in each resample.
        articles: the number of articles of each category.
        signed: the figure is a difference, in [-1, 1].
    """
    if sum(articles) < MIN_ARTICLES or min(articles) < 2:
        return NO_INTERVAL
    if np.ptp(drawn) < 1e-12:  # no article differs from its category; the rest is rounding
        return _one_vote_each(value, sum(articles), signed)
    return _percentile(drawn, value)


def _percentile(drawn: Floats, value: float) -> Interval:
    """Return the central 95 % of the resampled values, widened to hold the value itself where that lies outside."""
    low, high = np.quantile(drawn, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Interval(min(float(low), value), max(float(high), value), "bootstrap")


def _one_vote_each(value: float, articles: int, signed: bool = False) -> Interval:
    """Return the interval where all articles agree: each counts as one observation, however many pairs it holds."""
    if signed:
        half = wilson(0, articles)[1]
        return Interval(max(-1.0, value - half), min(1.0, value + half), "wilson-articles")
    return Interval(*wilson(articles * value, articles), "wilson-articles")


def standard_error(correct: Counts, asked: Counts) -> float:
    """Return the clustered standard error of correct.sum() / asked.sum(); both (articles,), at least 2.

    The ratio is linearised and summed over articles with the G / (G - 1) correction: the cluster-robust standard error
    (CR1) of a regression on a constant.
    """
    articles, total = len(asked), int(asked.sum())
    residuals = correct - correct.sum() / total * asked
    return float(np.sqrt(articles / (articles - 1) * (residuals**2).sum()) / total)


def resolvable(error_of_difference: float, degrees: int) -> float:
    """Return the smallest true difference that a two-sided test at 5 % finds with power 0.8."""
    return (student_quantile(0.5 + LEVEL / 2, degrees) + student_quantile(POWER, degrees)) * error_of_difference


def student_quantile(level: float, degrees: float) -> float:
    """Return the quantile of Student's t distribution at `level`."""
    from scipy.special import stdtrit  # loaded here because it takes longer than the rest of this module

    return float(stdtrit(degrees, level))


def _jackknife_half(left_out: Floats) -> Floats:
    """Return half the width of a jackknife-t interval, from the figure without each article in turn."""
    articles = left_out.shape[-1]
    spread = ((left_out - left_out.mean(-1, keepdims=True)) ** 2).sum(-1)
    half: Floats = student_quantile(0.5 + LEVEL / 2, articles - 1) * np.sqrt(spread * (articles - 1) / articles)
    return half


def _logit(correct: Counts, asked: Counts) -> Floats:
    odds: Floats = (correct + OFFSET) / (asked - correct + OFFSET)
    return np.log(odds)
