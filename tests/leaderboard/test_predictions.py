"""The predictions-only track: scored and shown, never ranked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.contract import bundle
from harness.contract.frozen_set import FrozenSet
from leaderboard.collect import PREDICTIONS_ONLY, collect
from tests.sets import tiny_set

Lines = list[dict[str, object]]
MANIFEST = 'name = "sent"\nauthors = ["Ada"]\nlicence = "MIT"\nmodalities = ["text"]\ncommand = ["none"]\n'


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
    (row,) = collect(tmp_path / "results")
    assert row.macro is not None
    assert row.macro.value == 1.0
    assert row.unranked == PREDICTIONS_ONLY
    assert bundle.read(tmp_path / "results/sent/tiny-1.0-test/text").result["isolation"]["sandbox"] == "none"


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
