"""The scores of one result: a pure function of questions, ground truth and predictions.

accuracy     per category (eq. 4). The headline is the macro accuracy, the mean over categories, so that a large
             category weighs no more than a small one; micro weighs every pair alike. Intervals are clustered by article
precision    how small a difference the set can resolve
    design effect       squared clustered standard error over that of as many independent pairs, p (1 - p) / n
    effective pairs     pairs / design effect: the number of independent pairs with the same precision
    resolvable          the difference in accuracy that a two-sided test at 5 % finds with power 0.8 between this result
                        and an equally precise one with independent errors. Two results with errors on the same pairs
                        differ less by chance: `wikiorder compare` gives the figure for two given results
strata       micro accuracy by known properties of the pairs, across categories; an article may be in several of them
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from harness.contract.result import (
    Accuracy,
    AccuracyEstimate,
    CategoryAccuracy,
    CategoryPrecision,
    GroupAccuracy,
    MacroPrecision,
    PooledAccuracy,
    Precision,
    Scores,
    Strata,
)
from harness.records import GroundTruth, StepPair
from harness.statistics import intervals, trust
from harness.statistics.intervals import MIN_ARTICLES, Resampled, resolvable, standard_error
from harness.statistics.tally import Tally, by_category, grade, of_group, rounded

DISTANCE, MARKERS = "step distance", "headline markers"
ORDINAL = re.compile(
    r"\b((first|second|third|initial|final|last)(ly)?|begin(s|ning)?|(start|end)(s|ing)?|finish(es|ing)?|next|then"
    r"|before|after(wards?)?)\b",
    re.IGNORECASE,
)


def score(
    questions: Sequence[StepPair], truths: Sequence[GroundTruth], predictions: Mapping[str, float], key: bytes
) -> Scores:
    """Return every score of one result.

    Args:
        truths: the ground truth of the questions, in the same order.
        predictions: the probability of being in order, by pair id. Other pairs, such as canaries, are ignored.
        key: the key from which resamples are drawn.

    Raises:
        SubmissionError: a question has no prediction.
    """
    correct = grade(questions, truths, predictions)
    tallies = by_category(questions, truths, correct)
    probabilities = np.array([predictions[truth.pair_id] for truth in truths])
    labels = np.array([truth.label for truth in truths])
    return Scores(
        accuracy=accuracy(tallies, key),
        precision=precision(tallies),
        calibration=trust.calibration(probabilities, labels),
        strata=strata(questions, truths, correct, key),
        transitivity=trust.transitivity(truths, predictions),
    )


def accuracy(tallies: Sequence[Tally], key: bytes) -> Accuracy:
    """Return macro, micro and per-category accuracy, each with its interval."""
    drawn = [intervals.resampled(t.correct, t.asked, key, t.category) for t in tallies]
    articles = [len(t.articles) for t in tallies]
    pairs = sum(t.pairs for t in tallies)
    macro = sum(t.accuracy for t in tallies) / len(tallies)
    micro = sum(t.right for t in tallies) / pairs
    drawn_macro = np.mean([d.accuracy for d in drawn], axis=0)
    over_categories = intervals.of_several(macro, drawn_macro, articles)
    over_pairs = intervals.of_several(micro, intervals.pooled(drawn).accuracy, articles)
    return Accuracy(
        macro=AccuracyEstimate(
            value=rounded(macro), low=rounded(over_categories.low), high=rounded(over_categories.high)
        ),
        micro=PooledAccuracy(
            value=rounded(micro), low=rounded(over_pairs.low), high=rounded(over_pairs.high), pairs=pairs
        ),
        categories={t.category: _category_accuracy(t, d) for t, d in zip(tallies, drawn, strict=True)},
    )


def _category_accuracy(tally: Tally, drawn: Resampled) -> CategoryAccuracy:
    low, high = intervals.wilson(tally.right, tally.pairs)
    group = msgspec.structs.asdict(_group_accuracy(tally, drawn))
    return CategoryAccuracy(**group, wilson=(rounded(low), rounded(high)))


def _group_accuracy(tally: Tally, drawn: Resampled) -> GroupAccuracy:
    interval = intervals.of_category(tally.correct, tally.asked, drawn)
    return GroupAccuracy(
        value=rounded(tally.accuracy),
        low=rounded(interval.low),
        high=rounded(interval.high),
        pairs=tally.pairs,
        articles=len(tally.articles),
        method=interval.method,
    )


def precision(tallies: Sequence[Tally]) -> Precision:
    """Return the precision per category and of the macro accuracy; None where there are too few articles."""
    return Precision(macro=_macro_precision(tallies), categories={t.category: _category_precision(t) for t in tallies})


def _category_precision(tally: Tally) -> CategoryPrecision:
    articles = len(tally.articles)
    if articles < MIN_ARTICLES:
        return CategoryPrecision(
            standard_error=None, resolvable_difference=None, design_effect=None, effective_pairs=None
        )
    error = standard_error(tally.correct, tally.asked)
    independent = tally.accuracy * (1 - tally.accuracy) / tally.pairs
    effect = error**2 / independent if independent and error else None
    return CategoryPrecision(
        standard_error=rounded(error),
        resolvable_difference=rounded(resolvable(np.sqrt(2) * error, articles - 1)) if error else None,
        design_effect=rounded(effect),
        effective_pairs=rounded(tally.pairs / effect) if effect else None,
    )


def _macro_precision(tallies: Sequence[Tally]) -> MacroPrecision:
    articles = [len(t.articles) for t in tallies]
    if sum(articles) < MIN_ARTICLES or min(articles) < 2:
        return MacroPrecision(standard_error=None, resolvable_difference=None)
    errors = [standard_error(t.correct, t.asked) for t in tallies]
    error = float(np.sqrt(np.sum(np.square(errors)))) / len(errors)
    degrees = sum(articles) - len(articles)
    return MacroPrecision(
        standard_error=rounded(error),
        resolvable_difference=rounded(resolvable(np.sqrt(2) * error, degrees)) if error else None,
    )


def strata(
    questions: Sequence[StepPair], truths: Sequence[GroundTruth], correct: Mapping[str, int], key: bytes
) -> Strata:
    """Return the accuracy for each value of each stratum: step distance, order markers, and the set's own."""
    groups: dict[str, dict[str, list[GroundTruth]]] = {}
    for pair, truth in zip(questions, truths, strict=True):
        for stratum, value in {DISTANCE: step_distance(truth), MARKERS: order_markers(pair), **truth.strata}.items():
            groups.setdefault(stratum, {}).setdefault(value, []).append(truth)
    return {
        stratum: {value: _stratum(stratum, value, group, correct, key) for value, group in sorted(values.items())}
        for stratum, values in sorted(groups.items())
    }


def step_distance(truth: GroundTruth) -> str:
    """Return the distance of the two steps in their article: "1", "2" or "3+"."""
    apart = abs(truth.positions[0] - truth.positions[1])
    return str(apart) if apart < 3 else "3+"


def order_markers(pair: StepPair) -> str:
    """Return how many of the two headlines hold an English word of order, such as "then": "none", "one" or "both"."""
    return ("none", "one", "both")[sum(bool(ORDINAL.search(step.headline)) for step in (pair.first, pair.second))]


def _stratum(
    stratum: str, value: str, truths: Sequence[GroundTruth], correct: Mapping[str, int], key: bytes
) -> GroupAccuracy:
    tally = of_group(f"{stratum}: {value}", truths, correct)
    return _group_accuracy(tally, intervals.resampled(tally.correct, tally.asked, key, tally.category))
