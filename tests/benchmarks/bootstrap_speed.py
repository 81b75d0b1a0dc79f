"""Speed of 10,000 clustered resamples over 33,000 pairs of ten categories, for 100 submissions.

    python -m tests.benchmarks.bootstrap_speed

Ours draws weights once per category and multiplies them by every submission's counts per article. The plain loop draws
articles and sums their counts, one resample at a time; `scipy.stats.bootstrap` resamples the articles' counts as paired
samples, one category and submission at a time. Both are timed on a part and scaled up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from scipy import stats

from harness.statistics import intervals
from harness.statistics.intervals import Counts, Floats
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Side, Size, Timed, at_least, at_most, compared, timed

PAIRS = {"HC": 5000, "AE": 2000, "CE": 5000, "EC": 1000, "FL": 2000, "Health": 5000, "HG": 5000, "PS": 5000,
         "PR": 2000, "Travel": 1000}  # fmt: skip
ARTICLES = {"HC": 315, "AE": 149, "CE": 306, "EC": 50, "FL": 103, "Health": 347, "HG": 420, "PS": 331, "PR": 117,
            "Travel": 73}  # fmt: skip  # a sixth of Table 1's stories
KEY = b"speed"
LIMIT = "drawing the weights, the same for all submissions"
World = Mapping[str, tuple[Counts, Counts]]  # category: correct (articles, submissions), asked (articles,)


class Scale(NamedTuple):
    """The amount of work for one size of the benchmark."""

    submissions: int
    loops: int  # resamples of one submission that the plain loop makes
    repeats: int


SCALES = {Size.TINY: Scale(2, 200, 1), Size.QUICK: Scale(100, 400, 5), Size.FULL: Scale(100, 2_000, 7)}


def draw(rng: np.random.Generator, submissions: int) -> World:
    """Return random counts of correct and asked pairs with Table 1's numbers of pairs and articles."""
    drawn = {}
    for category, pairs in PAIRS.items():
        asked = rng.multinomial(pairs - ARTICLES[category], [1 / ARTICLES[category]] * ARTICLES[category]) + 1
        difficulty = rng.beta(6.3, 2.7, (ARTICLES[category], submissions))
        drawn[category] = rng.binomial(asked[:, None], difficulty), asked
    return drawn


def ends(resampled: Floats) -> Floats:
    return np.quantile(resampled, [0.025, 0.975], axis=0)


def ours(world: World) -> dict[str, Floats]:
    """Return the ends of the interval of each category and of macro, (2, submissions)."""
    drawn = {}
    for category, (correct, asked) in world.items():
        weights = intervals.resample(len(asked), KEY, category)
        drawn[category] = (
            intervals.resampled_counts(weights, correct) / intervals.resampled_counts(weights, asked)[:, None]
        )
    return {name: ends(found) for name, found in drawn.items()} | {"macro": ends(sum(drawn.values()) / len(drawn))}


def plain_loop(world: World, resamples: int) -> dict[str, Floats]:
    """Return the same for the first submission, drawing one article at a time."""
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(resamples):
        accuracies = []
        for correct, asked in world.values():
            right = total = 0
            for article in rng.integers(len(asked), size=len(asked)):
                right += correct[article, 0]
                total += asked[article]
            accuracies.append(right / total)
        drawn.append([*accuracies, np.mean(accuracies)])
    return dict(zip([*world, "macro"], ends(np.array(drawn)).T, strict=True))


def scipys(world: World) -> dict[str, Floats]:
    """Return each category's interval for the first submission. scipy has no interval of macro over categories."""
    return {category: np.array(scipys_interval(correct[:, 0], asked)) for category, (correct, asked) in world.items()}


def scipys_interval(correct: Counts, asked: Counts) -> tuple[float, float]:
    found = stats.bootstrap(
        (correct, asked),
        lambda c, n, axis: c.sum(axis) / n.sum(axis),
        n_resamples=intervals.RESAMPLES,
        paired=True,
        vectorized=True,
        method="percentile",
        batch=1000,
        rng=np.random.default_rng(1),
    )
    return found.confidence_interval.low, found.confidence_interval.high


def same_intervals(mine: Mapping[str, Floats], other: Mapping[str, Floats]) -> bool:
    """Return whether all ends agree up to the random error of a few hundred resamples."""
    return all(
        np.all(np.abs(found - mine[name][:, 0]) < 0.3 * np.ptp(mine[name][:, 0])) for name, found in other.items()
    )


def rows(size: Size) -> Iterator[Row]:
    scale = SCALES[size]
    world = draw(np.random.default_rng(0), scale.submissions)
    seconds: list[float] = []

    def mine() -> Timed:
        found = timed(lambda: ours(world))()
        seconds.append(found.seconds)
        return found

    name = f"clustered bootstrap, {scale.submissions} submissions of {sum(PAIRS.values()):,} pairs"
    sides: dict[str, tuple[Side, float, float]] = {
        f"loop over articles ({scale.loops} resamples of one, scaled)": (
            timed(lambda: plain_loop(world, scale.loops)),
            intervals.RESAMPLES / scale.loops * scale.submissions,
            50,
        ),
        "scipy.stats.bootstrap (of one, scaled)": (timed(lambda: scipys(world)), scale.submissions, 1),
    }
    for against, (theirs, part, aim) in sides.items():
        yield compared(
            name,
            against,
            mine,
            theirs,
            aim=at_least(aim),
            repeats=scale.repeats,
            scale=part,
            agree=same_intervals,
            limit=LIMIT,
        )
    yield Row(name, "", tuple(seconds), "s", at_most(10), LIMIT)


if __name__ == "__main__":
    measuring.main(rows, __doc__)
