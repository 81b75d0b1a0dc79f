"""The plan: which questions are asked, in which variants, and which of them share a predictor and a batch."""

from collections import Counter

import pytest

from harness.contract.frozen_set import FrozenSet
from harness.records import Modality, Variant
from harness.run import plan as questions
from harness.run.plan import Pass, Question
from tests.sets import tiny_set

KEY = b"a run"


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> FrozenSet:
    return tiny_set(tmp_path_factory.mktemp("set"), articles=12, pairs_per_article=8)  # 96 pairs


def asked(part: Pass) -> list[Question]:
    return [question for batch in part.batches for question in batch]


def test_no_batch_holds_two_questions_of_one_article(frozen: FrozenSet) -> None:
    article = {truth.pair_id: truth.article_id for truth in frozen.truths}
    for each in questions.plan(frozen, 4, Modality.VISION_TEXT, 10, KEY):
        for batch in each.batches:
            assert len({article[question.pair.pair_id] for question in batch}) == len(batch) <= 4


def test_both_passes_together_score_every_pair_once_as_it_is(frozen: FrozenSet) -> None:
    passes = questions.plan(frozen, 4, Modality.TEXT, 10, KEY)
    scored = [[q for q in asked(part) if q.variant is Variant.SCORED] for part in passes]
    assert [len(part) for part in scored] == [48, 48]
    assert Counter(q.pair.pair_id for part in scored for q in part) == Counter(p.pair_id for p in frozen.questions)
    assert all(q.shown == q.pair for part in scored for q in part)


@pytest.mark.parametrize("modality", Modality)
def test_no_predictor_is_asked_a_variant_of_a_pair_that_it_scores(frozen: FrozenSet, modality: Modality) -> None:
    for part in questions.plan(frozen, 4, modality, 15, KEY):
        scored = {q.pair.pair_id for q in asked(part) if q.variant is Variant.SCORED}
        again = {q.pair.pair_id for q in asked(part) if q.variant is not Variant.SCORED}
        assert scored
        assert again, "no pass consists of scored pairs alone, or of variants alone"
        assert not scored & again


@pytest.mark.parametrize(
    ("modality", "variants"),
    [
        (Modality.TEXT, {"repeated", "swapped"}),
        (Modality.VISION, {"repeated", "swapped", "perturbed", "replaced"}),
        (Modality.VISION_TEXT, {"repeated", "swapped", "perturbed", "replaced", "exchanged"}),
    ],
)
def test_a_sample_is_asked_again_in_the_variants_that_tell_something(
    frozen: FrozenSet, modality: Modality, variants: set[str]
) -> None:
    again = [q for part in questions.plan(frozen, 4, modality, 15, KEY) for q in asked(part)]
    counts = Counter(q.variant.value for q in again if q.variant is not Variant.SCORED)
    assert counts == dict.fromkeys(variants, 15)


def test_no_pair_is_asked_again_twice_where_there_are_enough(frozen: FrozenSet) -> None:
    again = [q for part in questions.plan(frozen, 4, Modality.VISION_TEXT, 19, KEY) for q in asked(part)]
    times = Counter(q.pair.pair_id for q in again if q.variant is not Variant.SCORED)
    assert len(times) == 5 * 19
    assert set(times.values()) == {1}


def test_more_variants_than_pairs_are_as_many_as_there_are(frozen: FrozenSet) -> None:
    again = [q for part in questions.plan(frozen, 4, Modality.TEXT, 500, KEY) for q in asked(part)]
    assert Counter(q.variant for q in again) == dict.fromkeys([Variant.SCORED, Variant.REPEATED, Variant.SWAPPED], 96)


def test_without_variants_one_pass_asks_everything(frozen: FrozenSet) -> None:
    (only,) = questions.plan(frozen, 4, Modality.TEXT, 0, KEY)
    assert len(asked(only)) == 96


def test_the_plan_follows_from_the_key_of_the_run_alone(frozen: FrozenSet) -> None:
    plan = questions.plan(frozen, 4, Modality.TEXT, 5, KEY)
    assert plan == questions.plan(frozen, 4, Modality.TEXT, 5, KEY)
    other = questions.plan(frozen, 4, Modality.TEXT, 5, b"another run")
    assert [q.pair.pair_id for q in asked(plan[0])] != [q.pair.pair_id for q in asked(other[0])]


def test_neither_place_nor_mixture_tells_a_variant_from_a_scored_pair(frozen: FrozenSet) -> None:
    """The share of variants in the first and in the last quarter of a pass is that of the whole, over many runs."""
    early = late = total = count = 0
    for run in range(60):
        for part in questions.plan(frozen, 4, Modality.VISION, 12, f"run {run}".encode()):
            again = [q.variant is not Variant.SCORED for q in asked(part)]
            quarter = len(again) // 4
            early, late = early + sum(again[:quarter]), late + sum(again[-quarter:])
            total, count = total + sum(again), count + len(again)
    share = total / count
    expected = count / 4 * share
    assert abs(early - expected) < 5 * (expected * (1 - share)) ** 0.5
    assert abs(late - expected) < 5 * (expected * (1 - share)) ** 0.5


def test_swapped_exchanged_and_replaced_show_what_they_say(frozen: FrozenSet) -> None:
    pair, other = frozen.questions[:2]
    swapped, exchanged = (Question(pair, variant).shown for variant in (Variant.SWAPPED, Variant.EXCHANGED))
    assert (swapped.first, swapped.second) == (pair.second, pair.first)
    assert (exchanged.first.headline, exchanged.first.image) == (pair.first.headline, pair.second.image)
    assert (exchanged.second.headline, exchanged.second.image) == (pair.second.headline, pair.first.image)
    replaced = Question(pair, Variant.REPLACED, other).shown
    assert (replaced.first.headline, replaced.first.image) == (pair.first.headline, other.first.image)
    assert (replaced.second.headline, replaced.second.image) == (pair.second.headline, other.second.image)


def test_replaced_pictures_come_from_another_article_of_the_category(frozen: FrozenSet) -> None:
    article = {truth.pair_id: truth.article_id for truth in frozen.truths}
    again = [q for part in questions.plan(frozen, 4, Modality.VISION, 20, KEY) for q in asked(part)]
    replaced = [q for q in again if q.variant is Variant.REPLACED]
    assert len(replaced) == 20
    for question in replaced:
        assert question.other is not None
        assert question.other.category == question.pair.category
        assert article[question.other.pair_id] != article[question.pair.pair_id]
