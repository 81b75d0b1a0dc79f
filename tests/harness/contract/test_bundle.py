"""The result bundle: sealed, and refused when anything in it was touched."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.contract import bundle, checksums, decoding
from harness.contract.bundle import ArticleCount
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Failure, Isolation, SubmissionIdentity, Timings, Trust
from harness.errors import InputError, SubmissionError
from harness.records import Modality, Prediction, Variant
from harness.statistics import scoring
from tests.sets import tiny_set

ABOUT: dict[str, Any] = {
    "name": "coin",
    "title": "Coin",
    "kind": "control",
    "authors": ["A"],
    "licence": "MIT",
    "paper": None,
    "parameters": 0,
    "digest": "0" * 64,
    "image": None,
    "weights": None,
    "training_data": [],
}
VARIANTS = [Prediction("p1", 0.25, Variant.SWAPPED)]
ISOLATION = Isolation(sandbox="process", isolated=False, covers=(), exposes=("the answers",))


@pytest.fixture
def frozen(tmp_path: Path) -> FrozenSet:
    return tiny_set(tmp_path / "set", articles=4, pairs_per_article=2)


def write(root: Path, frozen: FrozenSet, failure: str | None = None) -> str:
    predictions = {pair.pair_id: 1.0 for pair in frozen.questions}
    scores = None if failure else scoring.score(frozen.questions, frozen.truths, predictions, b"key")
    about = decoding.convert(SubmissionIdentity, ABOUT, "a test")
    trust = Trust(stateful=False, probed=1)
    result = bundle.make_result(frozen, about, Modality.TEXT, 7, ISOLATION, trust, scores, failure)
    counts = bundle.count_articles(frozen, predictions)
    root.mkdir(parents=True)
    return bundle.write(root, result, counts, predictions, VARIANTS, Timings(wall_s=1.0))


def test_a_bundle_is_read_as_it_was_written(tmp_path: Path, frozen: FrozenSet) -> None:
    digest = write(tmp_path / "b", frozen)
    found = bundle.read(tmp_path / "b")
    assert found.digest == digest
    assert found.predictions == {pair.pair_id: 1.0 for pair in frozen.questions}
    assert list(found.variants) == VARIANTS
    assert found.result.set.digest == frozen.digest
    assert found.result.identity.seed == 7


def test_counts_per_article_are_those_of_the_answers(tmp_path: Path, frozen: FrozenSet) -> None:
    write(tmp_path / "b", frozen)
    counts = bundle.read(tmp_path / "b").articles
    assert [count.asked for count in counts] == [2, 2, 2, 2]
    assert sum(count.correct for count in counts) == sum(answer.label for answer in frozen.truths)
    names = {answer.article_id for answer in frozen.truths}
    assert not names & {count.article for count in counts}


@pytest.mark.parametrize("name", ["result.json", "articles.jsonl", "predictions.jsonl", "timings.json"])
def test_a_touched_file_is_named(tmp_path: Path, frozen: FrozenSet, name: str) -> None:
    write(tmp_path / "b", frozen)
    path = tmp_path / "b" / name
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(InputError, match=f"{name}: altered"):
        bundle.read(tmp_path / "b")


def test_an_unfinished_bundle_is_refused(tmp_path: Path, frozen: FrozenSet) -> None:
    write(tmp_path / "b", frozen)
    (tmp_path / "b" / checksums.SUMS).unlink()
    with pytest.raises(InputError, match="never finished"):
        bundle.read(tmp_path / "b")


def test_a_resealed_lie_about_counts_is_refused(tmp_path: Path, frozen: FrozenSet) -> None:
    write(tmp_path / "b", frozen)
    path = tmp_path / "b/articles.jsonl"
    path.write_text(path.read_text().replace('"asked":2', '"asked":0'))
    checksums.seal(tmp_path / "b")
    with pytest.raises(InputError, match=r"articles.jsonl:1: .*asked"):
        bundle.read(tmp_path / "b")


def test_more_correct_than_asked_cannot_be() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        ArticleCount("0" * 16, "Food", 3, 2)


def test_a_failed_run_has_a_reason_and_no_scores(tmp_path: Path, frozen: FrozenSet) -> None:
    write(tmp_path / "b", frozen, failure=str(SubmissionError("ended without answering")))
    result = bundle.read(tmp_path / "b").result
    assert result.status == "failed"
    assert result.failure == Failure(fault="submission", reason="ended without answering")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scores": None}, "a run that is scored has scores and nothing else"),
        ({"scores": {"accuracy": {"macro": 0.9}}}, "scores.accuracy"),
        ({"status": "failed"}, "result.json: the object: a run that is failed has a failure and nothing else"),
        ({"trust": {"stateful": False, "probed": 1, "canaries": "none"}}, "trust.canaries"),
    ],
)
def test_a_result_that_the_board_could_not_show_is_refused(
    tmp_path: Path, frozen: FrozenSet, change: dict[str, Any], words: str
) -> None:
    write(tmp_path / "b", frozen)
    result = json.loads((tmp_path / "b/result.json").read_bytes()) | change
    (tmp_path / "b/result.json").write_text(json.dumps(result), encoding="utf-8")
    checksums.seal(tmp_path / "b")
    with pytest.raises(InputError, match=words):
        bundle.read(tmp_path / "b")
