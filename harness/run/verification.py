"""Re-derive a bundle's numbers from what it rests on, and name each that differs. Nothing is asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.contract.bundle import Bundle
from harness.contract.frozen_set import FrozenSet
from harness.records import GroundTruth
from harness.report import loading
from harness.run.judging import SCORING_KEY, judge
from harness.statistics import scoring

ROUNDING = 2e-6  # scores are written with six digits; two machines' sums may differ in the last


def from_counts(found: Bundle) -> list[str]:
    """What of the accuracies and their intervals does not follow from the counts per article."""
    derived = scoring.accuracy(loading.tallies(found), SCORING_KEY)
    return list(differences(found.result["scores"]["accuracy"], derived, "scores.accuracy"))


def from_answers(found: Bundle, frozen: FrozenSet, canaries: Mapping[str, GroundTruth]) -> list[str]:
    """What of the counts, scores and trust columns does not follow from the stored probabilities and the set."""
    judged = judge(frozen, canaries, found.predictions, found.probes)
    problems = []
    if list(found.articles) != judged.articles:
        problems.append("articles.jsonl: the counts do not follow from predictions.jsonl and the set's answers")
    problems += differences(found.result["scores"], judged.scores, "scores")
    stands = {name: found.result["trust"].get(name) for name in judged.trust}
    return problems + list(differences(stands, judged.trust, "trust"))


def differences(stands: Any, derived: Any, path: str) -> Iterator[str]:
    """One line for every leaf at which two JSON values differ by more than rounding."""
    if isinstance(stands, dict) and isinstance(derived, dict):
        for key in sorted(stands.keys() | derived.keys()):
            yield from differences(stands.get(key), derived.get(key), f"{path}.{key}")
    elif isinstance(stands, list) and isinstance(derived, list) and len(stands) == len(derived):
        for index, (one, other) in enumerate(zip(stands, derived, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif isinstance(stands, float | int) and isinstance(derived, float | int):
        if abs(stands - derived) > ROUNDING:
            yield f"{path}: {stands} stands there, {derived} follows"
    elif stands != derived:
        yield f"{path}: {stands!r} stands there, {derived!r} follows"
