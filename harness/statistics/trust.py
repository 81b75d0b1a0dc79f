"""How far predictions can be trusted: calibration, cyclic triads, and variants of the same pair.

Pure functions over predictions. Brier score, log-loss, calibration error and reliability are of the event "the steps
are in order" and its stated probability. A predictor that always states 0.5 has Brier score 0.25, log-loss ln 2 =
0.693147 and no calibration error: these figures measure probabilities, not skill. Perturbation measures robustness; it
does not prove memorisation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

import msgspec
import numpy as np

from harness.contract.result import Calibration, CanaryVerdict, ReliabilityBin, Transitivity, Trust
from harness.records import GroundTruth, Prediction, Variant, predicted_label
from harness.statistics.intervals import Counts, Floats
from harness.statistics.tally import rounded

BINS = 10  # of equal width over [0, 1]; 1 belongs to the last
FLOOR = 1e-6  # a certain and wrong prediction costs ln(1e6) = 13.8, not infinity
DROPS = {
    Variant.PERTURBED: "perturbation_drop",
    Variant.EXCHANGED: "exchanged_pictures_drop",
    Variant.REPLACED: "replaced_pictures_drop",
    Variant.BLANKED: "blanked_pictures_drop",  # of earlier releases
}
MOVED = 0.05  # a change of probability that no rounding explains: half-precision sums differ by under 0.01
STATEFUL_SHARE = 0.02  # of the repeated questions: more than these have moved in a stateful predictor


def calibration(probabilities: Floats, labels: Counts) -> Calibration:
    """Return the calibration. probabilities: of in order, in [0, 1]; labels: 1 in order, 0 out; both (pairs,)."""
    return Calibration(
        brier=rounded(float(np.mean((probabilities - labels) ** 2))),
        log_loss=rounded(log_loss(probabilities, labels)),
        expected_calibration_error=rounded(calibration_error(probabilities, labels)),
        predicted_in_order=rounded(float(np.mean(probabilities > 0.5))),
        reliability=reliability(probabilities, labels),
    )


def log_loss(probabilities: Floats, labels: Counts) -> float:
    """Return the mean negative logarithm of the probability of the true label, clipped at FLOOR."""
    truth = np.where(labels == 1, probabilities, 1 - probabilities)
    return float(-np.mean(np.log(np.maximum(truth, FLOOR))))


def calibration_error(probabilities: Floats, labels: Counts) -> float:
    """Return the mean over pairs of |stated - observed| of their bin (Naeini et al. 2015).

    Bins of few pairs bias it upwards.
    """
    bins = _bins(probabilities)
    gaps = np.bincount(bins, weights=probabilities - labels, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def reliability(probabilities: Floats, labels: Counts) -> list[ReliabilityBin]:
    """Return each bin that holds a pair: mean stated probability, observed share in order, number of pairs."""
    bins = _bins(probabilities)
    rows = []
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            stated, observed = float(probabilities[inside].mean()), float(labels[inside].mean())
            pairs = int(inside.sum())
            rows.append(ReliabilityBin(stated=rounded(stated), observed=rounded(observed), pairs=pairs))
    return rows


def _bins(probabilities: Floats) -> Counts:
    return np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)


def transitivity(truths: Sequence[GroundTruth], predictions: Mapping[str, float]) -> Transitivity:
    """Return the number of triads of steps of one article with all three pairs asked, and of those answered as a cycle.

    Random predictions turn a quarter of all triads into cycles.
    """
    before: dict[str, dict[tuple[int, int], bool]] = {}
    for truth in truths:
        first, second = truth.positions
        in_order = bool(predicted_label(predictions[truth.pair_id]))
        earlier_is_first = in_order == (first < second)
        before.setdefault(truth.article_id, {})[min(first, second), max(first, second)] = earlier_is_first
    triads = cyclic = 0
    for edges in before.values():
        later: dict[int, list[int]] = {}
        for earlier, step in edges:
            later.setdefault(earlier, []).append(step)
        for a, b in edges:
            for c in later.get(b, ()):
                if (a, c) in edges:
                    triads += 1
                    cyclic += edges[a, b] == edges[b, c] != edges[a, c]
    return Transitivity(triads=triads, cyclic=cyclic)


def is_stateful(scored: Mapping[str, float], variants: Sequence[Prediction]) -> bool:
    """Return whether repeated questions were answered differently more often than rounding explains.

    A repetition is asked of another predictor, at another time, in another batch. A prediction that depends on the pair
    alone comes back within rounding; one that depends on earlier questions, on time or on chance does not.
    """
    repeated = [p for p in variants if p.variant is Variant.REPEATED and p.pair_id in scored]
    moved = sum(abs(p.p_in_order - scored[p.pair_id]) > MOVED for p in repeated)
    return moved > max(1, STATEFUL_SHARE * len(repeated))


def measure(
    truths: Sequence[GroundTruth],
    scored: Mapping[str, float],
    variants: Sequence[Prediction],
    known: Trust,
    canaries: CanaryVerdict | None = None,
) -> Trust:
    """Return the trust figures of one result; None where a variant was not asked.

    p_predict_1: share of all pairs predicted in order. self_consistency: share with the same label when repeated in a
    batch of other composition. swap_consistency: share with the other label when swapped. both_orders_accuracy: share
    correct both as asked and when swapped. Drops: accuracy as asked minus accuracy in the variant, over the same pairs.

    Args:
        scored: the probability of each scored pair, by pair id.
        variants: the predictions for the pairs asked again; those of canaries are ignored.
        known: carries `stateful` and `probed`, which only the run itself knows.
    """
    truth = {one.pair_id: one.label for one in truths}
    again: dict[Variant, dict[str, int]] = defaultdict(dict)
    for prediction in variants:
        if prediction.pair_id in scored:
            again[prediction.variant][prediction.pair_id] = prediction.label
    label = {pair_id: predicted_label(p) for pair_id, p in scored.items()}

    def share(variant: Variant, holds: Callable[[str, int], bool]) -> float | None:
        asked = again[variant]
        return rounded(fmean(holds(pair, second) for pair, second in asked.items())) if asked else None

    def drop(variant: Variant) -> float | None:
        now = share(variant, lambda pair, second: second == truth[pair])
        before = share(variant, lambda pair, _: label[pair] == truth[pair])
        return None if now is None or before is None else rounded(before - now)

    return Trust(
        stateful=known.stateful or is_stateful(scored, variants),
        probed=known.probed,
        p_predict_1=rounded(fmean(label.values())) if label else None,
        self_consistency=share(Variant.REPEATED, lambda pair, second: second == label[pair]),
        swap_consistency=share(Variant.SWAPPED, lambda pair, second: second != label[pair]),
        both_orders_accuracy=share(
            Variant.SWAPPED, lambda pair, second: label[pair] == truth[pair] and second != truth[pair]
        ),
        perturbation_drop=drop(Variant.PERTURBED),
        exchanged_pictures_drop=drop(Variant.EXCHANGED),
        replaced_pictures_drop=drop(Variant.REPLACED) if Variant.REPLACED in again else msgspec.UNSET,
        blanked_pictures_drop=drop(Variant.BLANKED) if Variant.BLANKED in again else msgspec.UNSET,
        canaries=canaries or msgspec.UNSET,
    )
