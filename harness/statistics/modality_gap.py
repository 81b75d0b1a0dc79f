"""The modality gap as performance: what a submission gains from seeing both pictures and headlines.

From the results of one submission in its three modalities on one set: paired differences with clustered intervals, who
gets which pairs right, and the pairs in which pictures, or headlines, decided. (As geometry: `embedding_gap.py`.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.records import GroundTruth, Modality, StepPair
from harness.statistics.comparison import compare
from harness.statistics.tally import Tally, rounded

BOTH, PICTURES, TEXT = Modality.VISION_TEXT, Modality.VISION, Modality.TEXT
CONTRASTS = ((BOTH, PICTURES), (BOTH, TEXT), (PICTURES, TEXT))
# Which of (pictures alone, text alone, both together) are right: what that says of the pair.
KINDS = {
    (1, 0): "only pictures",
    (0, 1): "only text",
    (1, 1): "either",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A pair that one modality decided. margin: how much more of the truth it saw than the other, from -1 to 1."""

    pair_id: str
    margin: float


def gaps(tallies: Mapping[Modality, Sequence[Tally]], key: bytes) -> dict[str, Any]:
    """The paired differences between the modalities that are there, as `comparison.compare` gives them."""
    return {
        f"{first} minus {second}": compare(tallies[first], tallies[second], key)
        for first, second in CONTRASTS
        if first in tallies and second in tallies
    }


def shares(questions: Sequence[StepPair], correct: Mapping[Modality, Mapping[str, int]]) -> dict[str, Any]:
    """The share of pairs that each kind of model gets right, over all and per category; they add to 1.

    only pictures, only text: one of the two single modalities does; either: both do; only together: neither does, but
    pictures and text together do; none: nothing does.
    """
    kinds = [(pair.category, kind(pair.pair_id, correct)) for pair in questions]
    return {
        "all": _shares(Counter(name for _, name in kinds)),
        "categories": {
            category: _shares(Counter(name for where, name in kinds if where == category))
            for category in sorted({where for where, _ in kinds})
        },
    }


def kind(pair_id: str, correct: Mapping[Modality, Mapping[str, int]]) -> str:
    alone = (correct[PICTURES][pair_id], correct[TEXT][pair_id])
    return KINDS.get(alone) or ("only together" if correct[BOTH][pair_id] else "none")


def decided_by(
    decisive: Modality,
    answers: Sequence[GroundTruth],
    predictions: Mapping[Modality, Mapping[str, float]],
    correct: Mapping[Modality, Mapping[str, int]],
) -> list[Case]:
    """The pairs right with `decisive` alone and with both, wrong with the other alone; widest margin first.

    One pair of an article at most, so that one odd article does not fill the gallery.
    """
    other = TEXT if decisive is PICTURES else PICTURES
    cases = []
    for answer in answers:
        pair = answer.pair_id
        if correct[decisive][pair] and correct[BOTH][pair] and not correct[other][pair]:
            sure, unsure = (_truth(predictions[m][pair], answer.label) for m in (decisive, other))
            cases.append((answer.article_id, Case(pair, sure - unsure)))
    best: dict[str, Case] = {}
    for article, case in sorted(cases, key=lambda row: (-row[1].margin, row[1].pair_id)):
        best.setdefault(article, case)
    return list(best.values())


def _truth(p_in_order: float, label: int) -> float:
    """The probability given to what is true."""
    return p_in_order if label else 1 - p_in_order


def _shares(counts: Counter[str]) -> dict[str, Any]:
    names = [*KINDS.values(), "only together", "none"]
    return {name: rounded(counts[name] / counts.total()) for name in names} | {"pairs": counts.total()}
