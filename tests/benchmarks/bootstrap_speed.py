"""How fast are 10,000 clustered resamples over 33,000 pairs of ten categories, for 100 submissions?

    python -m tests.benchmarks.bootstrap_speed

Ours draws weights once per category and multiplies them with every submission's counts per article. The plain loop
draws articles and adds up their counts, one resample at a time; scipy.stats.bootstrap resamples the articles' counts
as paired samples, one category and submission at a time. Both are timed on a part and scaled up.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy import stats

from harness.statistics import intervals
from harness.statistics.intervals import Counts, Floats

PAIRS = {"HC": 5000, "AE": 2000, "CE": 5000, "EC": 1000, "FL": 2000, "Health": 5000, "HG": 5000, "PS": 5000,
         "PR": 2000, "Travel": 1000}  # fmt: skip
ARTICLES = {"HC": 315, "AE": 149, "CE": 306, "EC": 50, "FL": 103, "Health": 347, "HG": 420, "PS": 331, "PR": 117,
            "Travel": 73}  # fmt: skip  # a sixth of Table 1's stories
SUBMISSIONS = 100
KEY = b"speed"


def draw(rng: np.random.Generator) -> dict[str, tuple[Counts, Counts]]:
    """Category -> correct (articles, submissions), asked (articles,)."""
    drawn = {}
    for category, pairs in PAIRS.items():
        asked = rng.multinomial(pairs - ARTICLES[category], [1 / ARTICLES[category]] * ARTICLES[category]) + 1
        difficulty = rng.beta(6.3, 2.7, (ARTICLES[category], SUBMISSIONS))
        drawn[category] = rng.binomial(asked[:, None], difficulty), asked
    return drawn


def ours(world: dict[str, tuple[Counts, Counts]]) -> Floats:
    """(2, submissions): the ends of the macro interval of each."""
    macro = np.zeros((intervals.RESAMPLES, SUBMISSIONS))
    for category, (correct, asked) in world.items():
        weights = intervals.resample(len(asked), KEY, category)
        macro += intervals.resampled_counts(weights, correct) / intervals.resampled_counts(weights, asked)[:, None]
    return np.quantile(macro / len(world), [0.025, 0.975], axis=0)


def plain_loop(world: dict[str, tuple[Counts, Counts]], submission: int, resamples: int) -> Floats:
    """The same for one submission, an article at a time."""
    rng = np.random.default_rng(1)
    macros = []
    for _ in range(resamples):
        accuracies = []
        for correct, asked in world.values():
            right = total = 0
            for article in rng.integers(len(asked), size=len(asked)):
                right += correct[article, submission]
                total += asked[article]
            accuracies.append(right / total)
        macros.append(np.mean(accuracies))
    return np.quantile(macros, [0.025, 0.975])


def scipys(world: dict[str, tuple[Counts, Counts]], submission: int, resamples: int) -> None:
    """Each category's interval of one submission. scipy resamples all its samples alike, so it cannot do macro."""
    for correct, asked in world.values():
        stats.bootstrap(
            (correct[:, submission], asked),
            lambda c, n, axis: c.sum(axis) / n.sum(axis),
            n_resamples=resamples,
            paired=True,
            vectorized=True,
            method="percentile",
            batch=1000,
            rng=np.random.default_rng(1),
        )


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    world = draw(np.random.default_rng(0))
    print(f"{sum(PAIRS.values())} pairs, {sum(ARTICLES.values())} articles, {SUBMISSIONS} submissions")
    mine = min(seconds(lambda: ours(world)) for _ in range(3))
    print(f"ours: {mine:.2f} s for all")
    loop = seconds(lambda: plain_loop(world, 0, 20)) * intervals.RESAMPLES / 20 * SUBMISSIONS
    print(f"plain loop: {loop:.0f} s for all (20 resamples of one, scaled): {loop / mine:.0f} times as long")
    theirs = seconds(lambda: scipys(world, 0, intervals.RESAMPLES)) * SUBMISSIONS
    print(f"scipy.stats.bootstrap: {theirs:.0f} s for all (one, scaled): {theirs / mine:.0f} times as long")
    vectorised, looped = ours(world)[:, 0], plain_loop(world, 0, 300)
    print(f"macro interval of the first: ours {vectorised.round(4)}, loop {looped.round(4)} (300 resamples)")


if __name__ == "__main__":
    main()
