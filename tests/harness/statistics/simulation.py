"""Benchmarks drawn at random with a known truth: articles of unequal size whose pairs resemble each other."""

from __future__ import annotations

import numpy as np

from harness.statistics.intervals import Counts


def simulate(
    rng: np.random.Generator, articles: int, accuracy: float, correlation: float = 0.1, trials: int | None = None
) -> tuple[Counts, Counts]:
    """Correct and asked pairs: (articles,), or (trials, articles).

    Sizes are log-normal (median 6, from 1 to 40 pairs). Each article has a difficulty of its own, drawn from the beta
    distribution with mean `accuracy` that gives any two of its pairs the stated correlation.
    """
    shape = (articles,) if trials is None else (trials, articles)
    asked = np.clip(np.round(rng.lognormal(1.8, 0.6, shape)), 1, 40).astype(np.int64)
    concentration = 1 / correlation - 1
    difficulty = rng.beta(accuracy * concentration, (1 - accuracy) * concentration, shape)
    return rng.binomial(asked, difficulty), asked
