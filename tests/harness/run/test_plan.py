"""The plan: what is asked, in which variants, and what is asked together."""

import pytest

from harness.contract.frozen_set import FrozenSet
from harness.records import Modality
from harness.run import plan as questions
from harness.run.plan import Question, Variant
from tests.sets import tiny_set


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> FrozenSet:
    return tiny_set(tmp_path_factory.mktemp("set"), articles=6, pairs_per_article=4)


def test_no_batch_holds_two_questions_of_one_article(frozen: FrozenSet) -> None:
    article = {answer.pair_id: answer.article_id for answer in frozen.truths}
    for each in questions.plan(frozen, 4, Modality.VISION_TEXT, 10):
        for batch in each.batches:
            assert len({article[ask.pair.pair_id] for ask in batch}) == len(batch) <= 4


def test_the_first_pass_asks_every_pair_once_as_it_is(frozen: FrozenSet) -> None:
    first = questions.plan(frozen, 4, Modality.TEXT, 10)[0]
    asked = [ask for batch in first.batches for ask in batch]
    assert sorted(ask.pair.pair_id for ask in asked) == sorted(pair.pair_id for pair in frozen.questions)
    assert all(ask.shown == ask.pair and ask.variant is Variant.SCORED for ask in asked)


@pytest.mark.parametrize(
    ("modality", "variants"),
    [
        (Modality.TEXT, {"repeated", "swapped"}),
        (Modality.VISION, {"repeated", "swapped", "perturbed", "blanked"}),
        (Modality.VISION_TEXT, {"repeated", "swapped", "perturbed", "blanked", "exchanged"}),
    ],
)
def test_the_second_pass_asks_a_sample_in_the_variants_that_say_anything(
    frozen: FrozenSet, modality: Modality, variants: set[str]
) -> None:
    _, second = questions.plan(frozen, 4, modality, 5)
    keys = [ask.key for batch in second.batches for ask in batch]
    assert len({key.split(":")[0] for key in keys}) == 5
    assert len(set(keys)) == len(keys) == 5 * len(variants)
    assert {key.split(":")[1] for key in keys} == variants


def test_nothing_to_probe_is_no_second_pass(frozen: FrozenSet) -> None:
    assert len(questions.plan(frozen, 4, Modality.TEXT, 0)) == 1


def test_the_plan_depends_on_the_set_and_the_batch_alone(frozen: FrozenSet) -> None:
    plan = questions.plan(frozen, 4, Modality.TEXT, 5)
    assert plan == questions.plan(frozen, 4, Modality.TEXT, 5)
    assert plan != questions.plan(frozen, 3, Modality.TEXT, 5)


def test_swapped_and_exchanged_show_what_they_say(frozen: FrozenSet) -> None:
    pair = frozen.questions[0]
    swapped, exchanged = (Question(pair, variant).shown for variant in (Variant.SWAPPED, Variant.EXCHANGED))
    assert (swapped.first, swapped.second) == (pair.second, pair.first)
    assert (exchanged.first.headline, exchanged.first.image) == (pair.first.headline, pair.second.image)
    assert (exchanged.second.headline, exchanged.second.image) == (pair.second.headline, pair.first.image)
