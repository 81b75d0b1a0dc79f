"""The modality gap as performance: the gain of a submission from both pictures and headlines.

From the results of one submission in its three modalities on one set: paired differences with clustered intervals, the
share of pairs that each modality gets right, and the pairs decided by pictures or by headlines. `embedding_gap.py`
holds the gap as geometry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from harness.contract.decoding import Record
from harness.contract.result import Count, Fraction
from harness.records import GroundTruth, Modality, StepPair
from harness.statistics.comparison import PairedComparison, compare
from harness.statistics.tally import Tally, rounded

BOTH, PICTURES, TEXT = Modality.VISION_TEXT, Modality.VISION, Modality.TEXT
CONTRASTS = ((BOTH, PICTURES), (BOTH, TEXT), (PICTURES, TEXT))
Need: TypeAlias = Literal["only pictures", "only text", "either", "only together", "none"]
# By (correct with pictures alone, correct with text alone).
NEEDS: dict[tuple[int, int], Need] = {(1, 0): "only pictures", (0, 1): "only text", (1, 1): "either"}


class NeedShares(Record, frozen=True, kw_only=True):
    """The shares of `pairs` pairs by the modalities with which a submission gets them right; they add up to 1.

    only pictures, only text: with that modality alone. either: with each of the two. only together: with neither alone,
    but with both at once. none: with no modality.
    """

    only_pictures: Fraction = msgspec.field(name="only pictures")
    only_text: Fraction = msgspec.field(name="only text")
    either: Fraction
    only_together: Fraction = msgspec.field(name="only together")
    none: Fraction
    pairs: Count

    @property
    def by_need(self) -> dict[Need, float]:
        """The shares by their names, in the order of reports."""
        return {
            "only pictures": self.only_pictures,
            "only text": self.only_text,
            "either": self.either,
            "only together": self.only_together,
            "none": self.none,
        }


class NeedsOfPairs(Record, frozen=True, kw_only=True):
    """The shares over all pairs and per category."""

    all: NeedShares
    categories: dict[str, NeedShares]


@dataclass(frozen=True, slots=True)
class DecidedPair:
    """A pair that one modality decided.

    margin: the probability of the true label with the decisive modality minus that with the other, from -1 to 1.
    """

    pair_id: str
    margin: float


def gaps(
    tallies: Mapping[Modality, Sequence[Tally]],
    key: bytes,
    agreed: Callable[[Modality, Modality], Collection[str]] | None = None,
) -> dict[str, PairedComparison]:
    """Return the paired differences between the given modalities, such as "vision+text minus vision".

    agreed: returns the categories in which no pair's answer differs between two modalities; none without it.
    """
    return {
        f"{first} minus {second}": compare(
            tallies[first], tallies[second], key, agreed(first, second) if agreed else ()
        )
        for first, second in CONTRASTS
        if first in tallies and second in tallies
    }


def shares(questions: Sequence[StepPair], correct: Mapping[Modality, Mapping[str, int]]) -> NeedsOfPairs:
    """Return the share of pairs by need. correct: 1 or 0 by pair id, for each of the three modalities."""
    needs = [(pair.category, need(pair.pair_id, correct)) for pair in questions]
    return NeedsOfPairs(
        all=_shares(Counter(name for _, name in needs)),
        categories={
            category: _shares(Counter(name for where, name in needs if where == category))
            for category in sorted({where for where, _ in needs})
        },
    )


def need(pair_id: str, correct: Mapping[Modality, Mapping[str, int]]) -> Need:
    """Return the modalities that a submission needs to get a pair right."""
    alone = (correct[PICTURES][pair_id], correct[TEXT][pair_id])
    return NEEDS.get(alone) or ("only together" if correct[BOTH][pair_id] else "none")


def decided_by(
    decisive: Modality,
    truths: Sequence[GroundTruth],
    predictions: Mapping[Modality, Mapping[str, float]],
    correct: Mapping[Modality, Mapping[str, int]],
) -> list[DecidedPair]:
    """Return the pairs that are right with `decisive` alone and with both, but wrong with the other modality alone.

    Widest margin first, and at most one pair per article, so that one unusual article does not fill the gallery.
    """
    other = TEXT if decisive is PICTURES else PICTURES
    found = []
    for truth in truths:
        pair = truth.pair_id
        if correct[decisive][pair] and correct[BOTH][pair] and not correct[other][pair]:
            sure, unsure = (_of_true_label(predictions[m][pair], truth.label) for m in (decisive, other))
            found.append((truth.article_id, DecidedPair(pair, sure - unsure)))
    best: dict[str, DecidedPair] = {}
    for article, decided in sorted(found, key=lambda row: (-row[1].margin, row[1].pair_id)):
        best.setdefault(article, decided)
    return list(best.values())


def _of_true_label(p_in_order: float, label: int) -> float:
    return p_in_order if label else 1 - p_in_order


def _shares(counts: Counter[Need]) -> NeedShares:
    total = counts.total()
    return NeedShares(
        only_pictures=rounded(counts["only pictures"] / total),
        only_text=rounded(counts["only text"] / total),
        either=rounded(counts["either"] / total),
        only_together=rounded(counts["only together"] / total),
        none=rounded(counts["none"] / total),
        pairs=total,
    )
