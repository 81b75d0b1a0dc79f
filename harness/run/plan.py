"""The plan of an evaluation: which questions are asked, in which variants, passes and batches.

The first pass asks every pair once. The second goes to a freshly started predictor, which has no memory of the first:
it asks a keyed sample of the pairs again, in variants that show how far the predictions can be trusted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness import keyed
from harness.contract.frozen_set import FrozenSet
from harness.records import Modality, Step, StepPair, Variant


@dataclass(frozen=True, slots=True)
class Question:
    """One pair in one variant."""

    pair: StepPair
    variant: Variant

    @property
    def key(self) -> str:
        """The name of this question for keyed draws; a scored question has its pair's id alone."""
        return self.pair.pair_id if self.variant is Variant.SCORED else f"{self.pair.pair_id}:{self.variant}"

    @property
    def shown(self) -> StepPair:
        """The pair as it is shown; `pictures.render` changes the pictures themselves."""
        first, second = self.pair.first, self.pair.second
        if self.variant is Variant.SWAPPED:
            return replace(self.pair, first=second, second=first)
        if self.variant is Variant.EXCHANGED:
            return replace(
                self.pair, first=Step(first.headline, second.image), second=Step(second.headline, first.image)
            )
        return self.pair


QuestionBatch = tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """The batches for one freshly started predictor."""

    number: int
    batches: tuple[QuestionBatch, ...]


def plan(frozen: FrozenSet, batch_size: int, modality: Modality, varied: int) -> tuple[Pass, ...]:
    """Return both passes, in batches of at most `batch_size`. varied: the number of pairs asked again, in variants."""
    key = f"questions of {frozen.digest}".encode()
    sample = keyed.order(frozen.questions, key, "probed", lambda pair: pair.pair_id)[:varied]
    scored = [Question(pair, Variant.SCORED) for pair in frozen.questions]
    again = [Question(pair, variant) for pair in sample for variant in variants(modality)]
    article = {truth.pair_id: truth.article_id for truth in frozen.truths}
    return tuple(
        Pass(n, compose(asked, article, batch_size, key)) for n, asked in enumerate((scored, again), 1) if asked
    )


def variants(modality: Modality) -> list[Variant]:
    """Return the variants of the second pass that tell something in this modality."""
    left_out = {Variant.SCORED}
    if not modality.sends_images:
        left_out |= {variant for variant in Variant if variant.needs_images}
    if modality is not Modality.VISION_TEXT:
        left_out.add(Variant.EXCHANGED)
    return [variant for variant in Variant if variant not in left_out]


def compose(
    questions: Sequence[Question], article: dict[str, str], batch_size: int, key: bytes
) -> tuple[QuestionBatch, ...]:
    """Return batches of which none holds two questions of one article.

    The scores of many models depend on the composition of batches, so it depends on the set and `batch_size` alone.
    Question n of an article, in keyed order, is asked in round n; a round is cut into batches.

    Args:
        article: the article of each pair, by pair id.
    """
    asked: dict[str, int] = defaultdict(int)
    rounds: dict[int, list[Question]] = defaultdict(list)
    for question in keyed.order(questions, key, "plan", lambda question: question.key):
        owner = article[question.pair.pair_id]
        rounds[asked[owner]].append(question)
        asked[owner] += 1
    cut = ((part, start) for _, part in sorted(rounds.items()) for start in range(0, len(part), batch_size))
    return tuple(tuple(part[start : start + batch_size]) for part, start in cut)
