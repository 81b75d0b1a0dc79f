"""Bundles that are scored without running a model: predictions alone, and an erratum."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cli import main
from harness.contract import bundle, frozen_set
from harness.contract.frozen_set import FrozenSet
from harness.contract.submission import Submission, load
from harness.errors import InputError
from harness.records import GroundTruth, Modality
from harness.run import verification
from leaderboard import rescoring
from leaderboard.collect import collect
from leaderboard.eligibility import NOT_ISOLATED, PREDICTIONS_ONLY
from tests.sets import tiny_set

MANIFEST = 'name = "sent"\nauthors = ["Ada"]\nlicence = "MIT"\nmodalities = ["text"]\ncommand = ["none"]\n'
Lines = list[dict[str, object]]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> FrozenSet:
    return tiny_set(tmp_path_factory.mktemp("set"))


def send(tmp_path: Path, frozen: FrozenSet, lines: Lines) -> int:
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "submission.toml").write_text(MANIFEST)
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = [
        "leaderboard",
        "from-predictions",
        str(tmp_path / "answers.jsonl"),
        str(folder),
        "--data",
        str(frozen.root),
    ]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--modality", "text", "--results", str(tmp_path / "results")])
    return int(ended.value.code or 0)


def right(frozen: FrozenSet) -> Lines:
    return [{"pair_id": answer.pair_id, "p_in_order": float(answer.label)} for answer in frozen.truths]


def test_predictions_are_scored_shown_and_not_ranked(tmp_path: Path, frozen: FrozenSet) -> None:
    assert send(tmp_path, frozen, right(frozen)) == 0
    (found,) = collect(tmp_path / "results")
    row = found.row
    assert row.macro is not None
    assert row.macro.value == 1.0
    assert row.unranked == (PREDICTIONS_ONLY, NOT_ISOLATED)
    assert bundle.read(tmp_path / "results/sent/tiny-1.0-test/text").result.isolation.sandbox == "none"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda lines: lines[1:], "1 pairs missing, such as"),
        (lambda lines: [*lines, lines[0]], "1 pairs answered twice, such as"),
        (lambda lines: [*lines, {"pair_id": "p9", "p_in_order": 0.1}], "1 pairs not of this set, such as 'p9'"),
        (lambda lines: [*lines[1:], lines[0] | {"p_in_order": 1.5}], "p_in_order"),
        (lambda lines: [*lines[1:], lines[0] | {"p_in_order": float("nan")}], "NaN is no JSON number"),
    ],
)
def test_what_is_wrong_with_them_is_said_in_one_line(
    tmp_path: Path,
    frozen: FrozenSet,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Lines], Lines],
    words: str,
) -> None:
    assert send(tmp_path, frozen, spoil(right(frozen))) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def corrected(old: FrozenSet, folder: Path, version: str = "1.1") -> FrozenSet:
    """The same questions under another version, the first label turned around."""
    shutil.copytree(old.root, folder)
    first, *others = old.truths
    turned = GroundTruth(first.pair_id, 1 - first.label, first.article_id, (first.positions[1], first.positions[0]))
    rows = zip(old.questions, [turned, *others], strict=True)
    frozen_set.freeze(folder, replace(old.manifest, version=version), rows)
    return frozen_set.load(folder)


@pytest.fixture
def old(tmp_path: Path) -> FrozenSet:
    return tiny_set(tmp_path / "old")


@pytest.fixture
def results(tmp_path: Path, old: FrozenSet) -> Path:
    """One result that has every label of the old version right."""
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent/submission.toml").write_text(MANIFEST)
    sent: Submission = load(tmp_path / "sent")
    answers = {answer.pair_id: float(answer.label) for answer in old.truths}
    rescoring.write_predictions(tmp_path / "board/results", sent, old, {}, Modality.TEXT, answers)
    return tmp_path / "board/results"


def test_stored_answers_are_scored_anew_beside_the_old_result(tmp_path: Path, old: FrozenSet, results: Path) -> None:
    (root,) = rescoring.rescore_all(results, old, corrected(old, tmp_path / "new"), {})
    both = [bundle.read(results / f"sent/tiny-{version}-test/text") for version in ("1.0", "1.1")]
    micro = [verification.scores_of(found).accuracy.micro for found in both]
    assert root == results / "sent/tiny-1.1-test/text"
    assert [found.value for found in micro] == [1.0, pytest.approx(23 / 24, abs=1e-6)]


def test_the_command_writes_what_moved_side_by_side(
    tmp_path: Path, old: FrozenSet, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = corrected(old, tmp_path / "new")
    words = ["leaderboard", "erratum", "--old", str(old.root), "--new", str(new.root), "--results", str(results)]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert not ended.value.code
    report = (tmp_path / "board/erratum-tiny-1.0-1.1.md").read_text()
    assert "1 labels corrected, 0 pairs left out." in report
    assert "| sent | text | 100.0 [" in report
    assert "| 95.8 [" in report
    assert report in capsys.readouterr().out


def test_a_set_that_asks_something_else_is_no_erratum(tmp_path: Path, old: FrozenSet, results: Path) -> None:
    other = tiny_set(tmp_path / "other", articles=10)
    rows = list(zip(other.questions, other.truths, strict=True))
    frozen_set.freeze(other.root, replace(other.manifest, version="1.1"), rows)
    with pytest.raises(InputError, match=r"questions were not asked so in tiny 1\.0 test"):
        rescoring.rescore_all(results, old, frozen_set.load(other.root), {})


def test_an_erratum_needs_a_new_version(tmp_path: Path, old: FrozenSet, results: Path) -> None:
    with pytest.raises(InputError, match=r"both say 1\.0"):
        rescoring.rescore_all(results, old, corrected(old, tmp_path / "new", version="1.0"), {})
