"""The plan of an evaluation: which questions are asked, in which variants, passes and batches.

Every pair is asked once to be scored, and a sample of pairs is asked again in variants that show how far the
predictions can be trusted. No pass consists of variants alone: each of two freshly started predictors gets half of the
scored pairs, and the variants of the *other* half. So a variant never meets the predictor that saw its pair, and
nothing in the order, the numbering or the mixture of the questions tells which ones are variants.

All draws come from the secret key of the run: another run, modality or pass has another order and other batches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness import keyed
from harness.contract.frozen_set import FrozenSet
from harness.records import Modality, Step, StepPair, Variant

PASSES = (1, 2)


@dataclass(frozen=True, slots=True)
class Question:
    """One pair in one variant. other: the pair whose pictures are shown instead, in the variant `replaced`."""

    pair: StepPair
    variant: Variant
    other: StepPair | None = None

    @property
    def key(self) -> str:
        """The name of this question for keyed draws."""
        return f"{self.pair.pair_id}:{self.variant}"

    @property
    def shown(self) -> StepPair:
        """The pair as it is shown; `pictures.render` changes the pictures themselves."""
        first, second = self.pair.first, self.pair.second
        if self.variant is Variant.SWAPPED:
            return replace(self.pair, first=second, second=first)
        if self.variant is Variant.EXCHANGED:
            return self._with_pictures(second, first)
        if self.variant is Variant.REPLACED and self.other is not None:
            return self._with_pictures(self.other.first, self.other.second)
        return self.pair

    def _with_pictures(self, first: Step, second: Step) -> StepPair:
        """Return the pair with the pictures of two other steps."""
        return replace(
            self.pair,
            first=Step(self.pair.first.headline, first.image),
            second=Step(self.pair.second.headline, second.image),
        )


QuestionBatch = tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """The batches for one freshly started predictor."""

    number: int
    batches: tuple[QuestionBatch, ...]


def plan(frozen: FrozenSet, batch_size: int, modality: Modality, varied: int, key: bytes) -> tuple[Pass, ...]:
    """Return the two passes, in batches of at most `batch_size`.

    Args:
        varied: the number of pairs asked again in each variant. Without any, a single pass asks every pair.
        key: the secret key of the run.
    """
    article = {truth.pair_id: truth.article_id for truth in frozen.truths}
    again = _again(frozen, modality, min(varied, len(frozen.questions)), article, key)
    ranked = keyed.order(frozen.questions, key, "half", lambda pair: pair.pair_id)
    halves = (ranked[::2], ranked[1::2]) if again else (ranked,)
    passes = []
    for number, half in zip(PASSES, halves, strict=False):
        asked = [Question(pair, Variant.SCORED) for pair in half]
        asked += [question for pair in (halves[-number] if again else ()) for question in again.get(pair.pair_id, ())]
        if asked:
            passes.append(Pass(number, compose(asked, article, batch_size, key)))
    return tuple(passes)


def variants(modality: Modality) -> list[Variant]:
    """Return the variants that tell something in this modality."""
    left_out = {Variant.SCORED, Variant.BLANKED}  # blank pictures are recognisable; earlier bundles hold them
    if not modality.sends_images:
        left_out |= {variant for variant in Variant if variant.needs_images}
    if modality is not Modality.VISION_TEXT:
        left_out.add(Variant.EXCHANGED)
    return [variant for variant in Variant if variant not in left_out]


def _again(
    frozen: FrozenSet, modality: Modality, varied: int, article: Mapping[str, str], key: bytes
) -> dict[str, list[Question]]:
    """Return the questions asked again, by pair id.

    Each variant has a sample of its own, so that in a set of enough pairs no pair is asked again twice: a pair that
    comes back a second time would tell the predictor that it is being checked.
    """
    ranked = keyed.order(frozen.questions, key, "varied", lambda pair: pair.pair_id)
    others = {category: [pair for pair in ranked if pair.category == category] for category in frozen.manifest.counts}
    again: dict[str, list[Question]] = defaultdict(list)
    for number, variant in enumerate(variants(modality)):
        for place in range(number * varied, (number + 1) * varied):
            pair = ranked[place % len(ranked)]
            other = _other(pair, others.get(pair.category, ()), article) if variant is Variant.REPLACED else None
            if variant is not Variant.REPLACED or other is not None:
                again[pair.pair_id].append(Question(pair, variant, other))
    return again


def _other(pair: StepPair, group: Sequence[StepPair], article: Mapping[str, str]) -> StepPair | None:
    """Return the next pair in keyed order that is of another article of the category; None where there is none."""
    start = next((place for place, one in enumerate(group) if one.pair_id == pair.pair_id), 0)
    following = (group[(start + step) % len(group)] for step in range(1, len(group)))
    return next((one for one in following if article[one.pair_id] != article[pair.pair_id]), None)


def compose(
    questions: Sequence[Question], article: Mapping[str, str], batch_size: int, key: bytes
) -> tuple[QuestionBatch, ...]:
    """Return batches of which none holds two questions of one article.

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
