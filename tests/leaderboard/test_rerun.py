"""One row asked again: which one, and how far it agrees."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.cli import main
from harness.contract import bundle
from harness.errors import InputError
from harness.records import GroundTruth
from leaderboard.rerun import agreement, choose
from tests.bundles import write
from tests.sets import tiny_set

ROOT = Path(__file__).parents[2]


def test_two_runs_are_compared_pair_by_pair(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path / "set", articles=12, pairs_per_article=5)
    first_pair = frozen.truths[0].pair_id

    def other(answer: GroundTruth) -> float:
        return 1.0 - answer.label if answer.pair_id == first_pair else 0.25 + answer.label / 2

    runs = [write(tmp_path / "a", frozen, "mine"), write(tmp_path / "b", frozen, "mine", predict=other)]
    text = agreement(*map(bundle.read, runs))
    assert "The same label on 59 of 60 pairs; the largest change of a probability is 1.000000." in text
    assert "Macro accuracy 100.00 % then, 98.33 % now." in text


def test_a_filed_row_is_found_and_asked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frozen = tiny_set(tmp_path / "set", articles=12)
    shutil.copytree(ROOT / "submissions/coin", tmp_path / "submissions/coin")
    options = ["--data", str(frozen.root), "--sandbox", "process"]
    for words in (
        ["evaluate", str(tmp_path / "submissions/coin"), *options, "--modality", "text", "--results"],
        ["leaderboard", "rerun", "--submissions", str(tmp_path / "submissions"), *options, "--results"],
    ):
        with pytest.raises(SystemExit) as ended:
            main([*words, str(tmp_path / "results")])
        assert not ended.value.code
    assert "The same label on 36 of 36 pairs" in capsys.readouterr().out


def test_a_submission_that_changed_since_is_not_asked(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path / "set", articles=12)
    write(tmp_path / "results", frozen, "coin")  # its digest is no folder's
    shutil.copytree(ROOT / "submissions/coin", tmp_path / "submissions/coin")
    with pytest.raises(InputError, match=r"no scored row on set .* whose submission is in"):
        choose(tmp_path / "results", tmp_path / "submissions", frozen.digest, "2026-W48")
