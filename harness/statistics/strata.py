"""Accuracy by what is known of a pair: how far apart its steps are, and whatever the set records of it.

Strata cut across categories, so their accuracies are micro ones; an article may stand in several of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.records import GroundTruth, StepPair
from harness.statistics import intervals
from harness.statistics.tally import bounded, of_group

DISTANCE, MARKERS = "step distance", "headline markers"
ORDINAL = re.compile(
    r"\b((first|second|third|initial|final|last)(ly)?|begin(s|ning)?|(start|end)(s|ing)?|finish(es|ing)?|next|then"
    r"|before|after(wards?)?)\b",
    re.IGNORECASE,
)


def distance(answer: GroundTruth) -> str:
    """How far apart the two steps stand in their article: 1, 2 or 3+."""
    apart = abs(answer.positions[0] - answer.positions[1])
    return str(apart) if apart < 3 else "3+"


def markers(pair: StepPair) -> str:
    """In how many of the two headlines does an English word of order stand, such as "then" or "finally"?"""
    return ("none", "one", "both")[sum(bool(ORDINAL.search(step.headline)) for step in (pair.first, pair.second))]


def of_result(
    questions: Sequence[StepPair], answers: Sequence[GroundTruth], correct: Mapping[str, int], key: bytes
) -> dict[str, Any]:
    """For each stratum and each of its values: accuracy, interval, pairs, articles."""
    groups: dict[str, dict[str, list[GroundTruth]]] = {}
    for pair, answer in zip(questions, answers, strict=True):
        for stratum, value in {DISTANCE: distance(answer), MARKERS: markers(pair), **answer.strata}.items():
            groups.setdefault(stratum, {}).setdefault(value, []).append(answer)
    return {
        stratum: {value: _value(stratum, value, group, correct, key) for value, group in sorted(values.items())}
        for stratum, values in sorted(groups.items())
    }


def _value(
    stratum: str, value: str, answers: Sequence[GroundTruth], correct: Mapping[str, int], key: bytes
) -> dict[str, Any]:
    tally = of_group(f"{stratum}: {value}", answers, correct)
    drawn = intervals.resampled(tally.correct, tally.asked, key, tally.category)
    interval = intervals.of_category(tally.correct, tally.asked, drawn)
    return bounded(tally.accuracy, interval) | {
        "pairs": tally.pairs,
        "articles": len(tally.articles),
        "method": interval.method,
    }
