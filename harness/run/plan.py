"""The question plan: what is asked, in which variants, and which questions go together.

The first pass asks every pair once. The second goes to a fresh predictor, which could otherwise recognise what it has
seen: it asks a keyed sample of the pairs again, in variants that tell how far the answers can be trusted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness import keyed
from harness.contract.frozen_set import FrozenSet
from harness.records import Modality, Step, StepPair


class Variant(StrEnum):
    """How a pair is asked."""

    SCORED = "scored"
    REPEATED = "repeated"  # the same question, in a batch of other composition
    SWAPPED = "swapped"  # the second step first: p should become 1 - p
    PERTURBED = "perturbed"  # pictures slightly cropped and recompressed
    EXCHANGED = "exchanged"  # each headline with the other step's picture
    BLANKED = "blanked"  # grey pictures of the same size


VARIANT_MARK = ":"  # no pair id holds one
NEEDS_IMAGES = {Variant.PERTURBED, Variant.EXCHANGED, Variant.BLANKED}
NEEDS_BOTH = {Variant.EXCHANGED}


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the plan: a pair of the set, in one variant."""

    pair: StepPair
    variant: Variant

    @property
    def key(self) -> str:
        """Its name in the journal; a scored question goes by its pair's id alone."""
        return (
            self.pair.pair_id if self.variant is Variant.SCORED else f"{self.pair.pair_id}{VARIANT_MARK}{self.variant}"
        )

    @property
    def shown(self) -> StepPair:
        """The pair as it is shown; what happens to the pictures themselves is `pictures.render`'s part."""
        pair = self.pair
        if self.variant is Variant.SWAPPED:
            return StepPair(pair.pair_id, pair.category, pair.title, pair.second, pair.first)
        if self.variant is Variant.EXCHANGED:
            first = Step(pair.first.headline, pair.second.image)
            return StepPair(
                pair.pair_id, pair.category, pair.title, first, Step(pair.second.headline, pair.first.image)
            )
        return pair


Batch = tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """Batches for one fresh predictor."""

    number: int
    batches: tuple[Batch, ...]


def plan(frozen: FrozenSet, batch: int, modality: Modality, probed: int) -> tuple[Pass, ...]:
    """Both passes, in batches of at most `batch`. probed: how many pairs the second pass asks about."""
    key = f"questions of {frozen.digest}".encode()
    sample = keyed.order(frozen.questions, key, "probed", lambda pair: pair.pair_id)[:probed]
    scored = [Question(pair, Variant.SCORED) for pair in frozen.questions]
    probes = [Question(pair, variant) for pair in sample for variant in variants(modality)]
    article = {answer.pair_id: answer.article_id for answer in frozen.truths}
    passes = [Pass(n, compose(asks, article, batch, key)) for n, asks in enumerate((scored, probes), 1) if asks]
    return tuple(passes)


def variants(modality: Modality) -> list[Variant]:
    """The variants of the second pass that say anything in this modality."""
    unfit = set() if modality.sends_images else NEEDS_IMAGES
    unfit = unfit | (set() if modality is Modality.VISION_TEXT else NEEDS_BOTH)
    return [variant for variant in Variant if variant is not Variant.SCORED and variant not in unfit]


def compose(asks: Sequence[Question], article: dict[str, str], batch: int, key: bytes) -> tuple[Batch, ...]:
    """Batches of which none holds two questions of one article. article: the article of each pair.

    Scores of many models move with the composition of batches, so it depends on the set and on `batch` alone.
    Question n of an article, in keyed order, is asked in round n; a round is cut into batches.
    """
    asked: dict[str, int] = defaultdict(int)
    rounds: dict[int, list[Question]] = defaultdict(list)
    for ask in keyed.order(asks, key, "plan", lambda ask: ask.key):
        owner = article[ask.pair.pair_id]
        rounds[asked[owner]].append(ask)
        asked[owner] += 1
    cut = ((together, start) for _, together in sorted(rounds.items()) for start in range(0, len(together), batch))
    return tuple(tuple(together[start : start + batch]) for together, start in cut)
