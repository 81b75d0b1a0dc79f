"""Judging one run: counts per article, scores and trust, as a pure function of the set and the predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.contract import bundle, release
from harness.contract.bundle import ArticleCount
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Scores, Trust
from harness.records import GroundTruth, Prediction
from harness.statistics import scoring, trust
from harness.statistics.agreement import canary_verdict

SCORING_KEY = b"wikiorder scoring 1"  # public: anybody must be able to redraw the same resamples


@dataclass(frozen=True)
class Judgement:
    """articles, scores: without the canaries, which count in `trust` alone."""

    articles: list[ArticleCount]
    scores: Scores
    trust: Trust


def judge(
    frozen: FrozenSet,
    canaries: Mapping[str, GroundTruth],
    predictions: Mapping[str, float],
    variants: Sequence[Prediction],
    known: Trust,
) -> Judgement:
    """Score the predictions of one run.

    Args:
        canaries: the recorded ground truth of a hidden set's canaries, by pair id.
        predictions: the probability of each pair, canaries included, by pair id.
        variants: the predictions for the pairs asked again.
        known: the trust figures that only the run itself can tell: `stateful` and `probed`.
    """
    counted = release.counted(frozen, canaries)
    scored = {pair.pair_id: predictions[pair.pair_id] for pair in counted.questions if pair.pair_id in predictions}
    scores = scoring.score(counted.questions, counted.truths, scored, SCORING_KEY)
    verdict = canary_verdict(canaries, predictions, release.canary_steps(frozen, canaries))
    measured = trust.measure(counted.truths, scored, variants, known, verdict)
    return Judgement(bundle.count_articles(counted, scored), scores, measured)
