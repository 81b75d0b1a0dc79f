"""The plan: what is asked together."""

from pathlib import Path

from harness import questions
from tests.sets import tiny_set


def test_no_batch_holds_two_pairs_of_one_article_and_every_pair_is_asked_once(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path, articles=6, pairs_per_article=4)
    article = {answer.pair_id: answer.article_id for answer in frozen.answers}
    batches = questions.plan(frozen, 4)
    for batch in batches:
        assert len({article[pair.pair_id] for pair in batch}) == len(batch) <= 4
    asked = [pair.pair_id for batch in batches for pair in batch]
    assert sorted(asked) == sorted(article)


def test_the_plan_depends_on_the_set_and_the_batch_alone(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path)
    assert questions.plan(frozen, 4) == questions.plan(frozen, 4)
    assert questions.plan(frozen, 4) != questions.plan(frozen, 3)
