"""What follows from the answers of one run: counts per article, scores, trust. A pure function of set and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contract import bundle, release
from harness.contract.bundle import ArticleCount
from harness.contract.frozen_set import FrozenSet
from harness.records import GroundTruth, Prediction
from harness.statistics import scoring, trust

SCORING_KEY = b"wikiorder scoring 1"  # public: anybody must be able to redraw the same resamples


@dataclass(frozen=True)
class Judgement:
    """articles, scores: without the canaries, which count in `trust` alone."""

    articles: list[ArticleCount]
    scores: dict[str, Any]
    trust: dict[str, Any]


def judge(
    frozen: FrozenSet, canaries: Mapping[str, GroundTruth], answered: Mapping[str, float], probes: Sequence[Prediction]
) -> Judgement:
    """canaries: of a hidden set, by pair id. answered: probability in order of each pair, canaries included."""
    counted = release.counted(frozen, canaries)
    scored = {pair.pair_id: answered[pair.pair_id] for pair in counted.questions if pair.pair_id in answered}
    scores = scoring.score(counted.questions, counted.truths, scored, SCORING_KEY)
    measured = trust.measure(counted.truths, scored, probes) | trust.canary_verdict(canaries, answered)
    return Judgement(bundle.count_articles(counted, scored), scores, measured)
