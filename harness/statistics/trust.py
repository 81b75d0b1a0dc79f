"""How far one result can be trusted: what changed when pairs were asked again, in variants, of a fresh predictor.

Perturbation measures robustness; it proves no memorisation. Pure functions over answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from harness.records import GroundTruth, Prediction
from harness.run.plan import Variant

DIGITS = 6
DROPS = {
    Variant.PERTURBED: "perturbation_drop",
    Variant.EXCHANGED: "exchanged_pictures_drop",
    Variant.BLANKED: "blanked_pictures_drop",
}


ALARM_P = 1e-6  # of an honest submission's agreeing so often: 248 of 400


def canary_verdict(canaries: Mapping[str, GroundTruth], predictions: Mapping[str, float]) -> dict[str, Any]:
    """How often the predictor agrees with the coin flips that the answers record; alarm: it must have read them."""
    if not canaries:
        return {}
    from scipy.stats import binom

    agreements = sum(Prediction(name, predictions[name]).label == answer.label for name, answer in canaries.items())
    p = float(binom.sf(agreements - 1, len(canaries), 0.5))
    return {
        "canaries": {"asked": len(canaries), "agreements": agreements, "p": float(f"{p:.3g}"), "alarm": p < ALARM_P}
    }


def measure(
    answers: Sequence[GroundTruth], scored: Mapping[str, float], probes: Sequence[Prediction]
) -> dict[str, float | None]:
    """Shares in [0, 1] over the probed pairs of `scored`, drops of accuracy in [-1, 1]; None where nothing was asked.

    p_predict_1: over all pairs. self_consistency: the same label when repeated in a batch of other composition.
    swap_consistency: the other label when swapped. both_orders_accuracy: right as asked and right swapped.
    """
    truth = {answer.pair_id: answer.label for answer in answers}
    asked: dict[str, dict[str, int]] = defaultdict(dict)
    for probe in probes:
        pair_id, variant = probe.pair_id.split(":")
        if pair_id in scored:  # a canary is probed as any other pair is, and counts for nothing
            asked[variant][pair_id] = probe.label
    label = {pair_id: Prediction(pair_id, p).label for pair_id, p in scored.items()}

    def share(variant: Variant, holds: Callable[[str, int], bool]) -> float | None:
        probed = asked[variant]
        return round(fmean(holds(pair, answer) for pair, answer in probed.items()), DIGITS) if probed else None

    def drop(variant: Variant) -> float | None:
        now = share(variant, lambda pair, answer: answer == truth[pair])
        before = share(variant, lambda pair, _: label[pair] == truth[pair])
        return None if now is None or before is None else round(before - now, DIGITS)

    found: dict[str, Any] = {
        "p_predict_1": round(fmean(label.values()), DIGITS) if label else None,
        "self_consistency": share(Variant.REPEATED, lambda pair, answer: answer == label[pair]),
        "swap_consistency": share(Variant.SWAPPED, lambda pair, answer: answer != label[pair]),
        "both_orders_accuracy": share(
            Variant.SWAPPED, lambda pair, answer: label[pair] == truth[pair] and answer != truth[pair]
        ),
    }
    return found | {name: drop(variant) for variant, name in DROPS.items()}
