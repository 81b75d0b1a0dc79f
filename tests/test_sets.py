"""The tiny sets that other tests stand on."""

from pathlib import Path

from tests.sets import tiny_set


def test_a_tiny_set_is_frozen_balanced_and_the_same_every_time(tmp_path: Path) -> None:
    one = tiny_set(tmp_path / "one")
    two = tiny_set(tmp_path / "two")
    assert one.digest == two.digest
    assert len(one.questions) == 24
    for category in ("Alpha", "Beta"):
        labels = [a.label for q, a in zip(one.questions, one.truths, strict=True) if q.category == category]
        assert sum(labels) == 6
    assert one.manifest.counts == {"Alpha": 12, "Beta": 12}
    assert len({answer.article_id for answer in one.truths}) == 8


def test_the_subsets_of_a_tiny_set_share_no_picture(tmp_path: Path) -> None:
    train, test = tiny_set(tmp_path, "train"), tiny_set(tmp_path, "test")
    shown = [{step.image for q in tiny.questions for step in (q.first, q.second)} for tiny in (train, test)]
    assert not shown[0] & shown[1]
