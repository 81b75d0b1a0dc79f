"""An erratum: the labels change, the stored answers do not, and the board says what moved."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli import main
from harness.contract import bundle, frozen_set
from harness.contract.frozen_set import FrozenSet
from harness.contract.submission import Submission, load
from harness.errors import InputError
from harness.records import GroundTruth, Modality
from leaderboard import erratum, predictions
from tests.sets import tiny_set

MANIFEST = 'name = "sent"\nauthors = ["Ada"]\nlicence = "MIT"\nmodalities = ["text"]\ncommand = ["none"]\n'


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
    predictions.write(tmp_path / "board/results", sent, old, {}, Modality.TEXT, answers)
    return tmp_path / "board/results"


def test_stored_answers_are_scored_anew_beside_the_old_result(tmp_path: Path, old: FrozenSet, results: Path) -> None:
    (root,) = erratum.rescore_all(results, old, corrected(old, tmp_path / "new"), {})
    micro = [
        bundle.read(results / f"sent/tiny-{v}-test/text").result["scores"]["accuracy"]["micro"] for v in ("1.0", "1.1")
    ]
    assert root == results / "sent/tiny-1.1-test/text"
    assert [found["value"] for found in micro] == [1.0, pytest.approx(23 / 24, abs=1e-6)]


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
        erratum.rescore_all(results, old, frozen_set.load(other.root), {})


def test_an_erratum_needs_a_new_version(tmp_path: Path, old: FrozenSet, results: Path) -> None:
    with pytest.raises(InputError, match=r"both say 1\.0"):
        erratum.rescore_all(results, old, corrected(old, tmp_path / "new", version="1.0"), {})
