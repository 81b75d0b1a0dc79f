"""Recovering hidden labels from public results: counts per article as they were published, and released scores.

python -m tests.benchmarks.decoders --size full   # under a minute

A decoder sends submissions whose answers are bits that it knows, and solves the published numbers for the labels. The
set has the shape of the sample's test set: 1,200 pairs, five in each of 240 articles, half of each label.

Counts per article: the number of right answers of each article in each submission. The decoder tries all 32 labellings
of an article's five pairs, and takes the most balanced of those that fit.

Released scores: the Ladder mechanism (Blum and Hardt 2015) releases a submission's accuracy, rounded to the resolution,
if it is better than the best release by more than the noise; otherwise it repeats the best. The decoder turns a random
share of the answers of its best submission. If the released score rises, it keeps them; if not, that is weak evidence
against the turned answers, and the evidence of all looks is added up. The noise is stated in standard errors of an
accuracy of one half, 0.5 / sqrt(pairs): the best of 1,000 random submissions lies 3.2 of them above one half, so a
mechanism with less noise than that must release it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from harness.statistics.intervals import Counts
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Size, at_least, at_most

PAIRS, PER_ARTICLE = 1_200, 5
RESOLUTION = 0.01  # of a released score
ENOUGH_NOISE = 4.0  # standard errors; with 1 or 2, 1,000 submissions recover more than 52 % of the labels
TURNED = (0.5, 0.25, 0.125, 0.0625)  # shares of the answers
SECRET = 1  # seed of the labels; the decoders do not know it


class DecoderScale(NamedTuple):
    """Submissions per decoder against counts and against releases, noise of releases, and repetitions."""

    counts: tuple[int, ...]
    looks: tuple[int, ...]
    noise: tuple[float, ...]
    repeats: int


SCALES = {
    Size.TINY: DecoderScale((8,), (10, 100), (4,), 2),
    Size.QUICK: DecoderScale((4, 6, 8, 10), (10, 100, 1_000), (1, 4), 10),
    Size.FULL: DecoderScale((2, 4, 6, 8, 9, 10, 12), (10, 100, 1_000), (1, 2, 3, 4), 16),
}


def labels(draw: np.random.Generator, pairs: int = PAIRS) -> Counts:
    """Return the hidden labels, exactly half of them 1, (pairs,)."""
    return draw.permutation(np.arange(pairs) % 2)


def from_counts(answers: Counts, right: Counts) -> Counts:
    """Return the labels that fit counts of right answers per article.

    Args:
        answers: the answers that were sent, (submissions, articles, pairs of an article).
        right: number of right answers, (submissions, articles).
    """
    tried = np.array(list(product((0, 1), repeat=answers.shape[2])))  # (labellings, pairs of an article)
    agreed = (answers[:, :, None, :] == tried[None, None]).sum(axis=3)  # (submissions, articles, labellings)
    misfit = np.abs(agreed - right[:, :, None]).sum(axis=0).astype(np.float64)
    misfit += 0.01 * np.abs(tried.mean(axis=1) - 0.5)
    found: Counts = tried[misfit.argmin(axis=1)]
    return found


def recovered_from_counts(submissions: int, draw: np.random.Generator) -> float:
    """Return the share of labels that a decoder recovers from counts per article."""
    hidden = labels(draw).reshape(-1, PER_ARTICLE)
    answers = draw.integers(0, 2, (submissions, *hidden.shape))
    right = (answers == hidden).sum(axis=2)
    return float((from_counts(answers, right) == hidden).mean())


class ReleasedScores:
    """The public side of a hidden set: one released score per look. noise: in standard errors."""

    def __init__(self, hidden: Counts, noise: float) -> None:
        self._hidden = hidden
        self.noise = noise * 0.5 / sqrt(len(hidden))
        self.best = 0.0

    def look(self, answers: Counts) -> float:
        """Return the score released for a submission."""
        score = float((answers == self._hidden).mean())
        if score > self.best + self.noise:
            self.best = round(score / RESOLUTION) * RESOLUTION
        return self.best


def recovered_from_releases(looks: int, noise: float, draw: np.random.Generator) -> float:
    """Return the share of labels that a decoder recovers with this number of adaptive submissions."""
    hidden = labels(draw)
    public, pairs = ReleasedScores(hidden, noise), len(hidden)
    answers = draw.integers(0, 2, pairs)
    best = public.look(answers)
    evidence = np.zeros(pairs)  # logarithm of the odds of label 1
    for look in range(1, looks):
        share = TURNED[look % len(TURNED)]
        turned = (draw.permutation(pairs) < share * pairs).astype(np.int64)
        tried = answers ^ turned
        if (score := public.look(tried)) > best:
            answers, best = tried, score
            continue
        spread = sqrt(share * (1 - share) * pairs)  # standard deviation of the turned answers' gain, in pairs
        t = pairs * (public.noise + share * (2 * best - 1)) / spread
        away = float(norm.pdf(t) / norm.cdf(t))  # mean shortfall of a turn that failed, in standard deviations
        evidence -= 2 * away / spread * np.where(turned, 1 - share, share) * (2 * tried - 1)
    evidence += np.log(best / (1 - best)) * (2 * answers - 1)
    return float(((evidence > 0) == hidden).mean())


def rows(size: Size) -> Iterator[Row]:
    scale = SCALES[size]
    unit = "of labels recovered"
    for submissions in scale.counts:
        shares = tuple(
            recovered_from_counts(submissions, np.random.default_rng((SECRET, turn))) for turn in range(scale.repeats)
        )
        aim = at_least(0.95) if submissions >= 10 else None
        yield Row(f"decoder, counts per article, {submissions} submissions", "chance 0.5", shares, unit, aim)
    for noise in scale.noise:
        for looks in scale.looks:
            draws = [np.random.default_rng((SECRET, turn)) for turn in range(scale.repeats)]
            shares = tuple(recovered_from_releases(looks, noise, draw) for draw in draws)
            name = f"decoder, released scores, noise of {noise:g} standard errors, {looks:,} submissions"
            yield Row(name, "chance 0.5", shares, unit, at_most(0.52), "the noise" if noise < ENOUGH_NOISE else "")


if __name__ == "__main__":
    measuring.main(rows, __doc__)
