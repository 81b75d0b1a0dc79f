"""LEADERBOARD.md: right for people, harmless with strangers' words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.contract import bundle
from harness.contract.result import Estimate
from harness.errors import InputError
from leaderboard.board import make_board
from leaderboard.collect import collect
from leaderboard.document import Standing
from leaderboard.markdown import count, markdown, model_card, percent, rank, text
from tests.leaderboard.bundles import replace, write
from tests.leaderboard.simulated import filed as simulated

GOOD = {"Health": (9, 10, 9, 10, 9, 10), "Travel": (10, 9, 10, 9, 10, 9)}


def test_a_row_says_rank_accuracy_and_size(tmp_path: Path) -> None:
    write(tmp_path, "good", GOOD)
    write(tmp_path, "coin", {"Health": (5,) * 6, "Travel": (5,) * 6}, submission={"kind": "control"})
    lines = markdown(make_board(collect(tmp_path))).splitlines()
    (row,) = [line for line in lines if line.startswith("| 1 | 1 | Good |")]
    assert row.split(" | ")[3].startswith("95.0 [")
    assert row.endswith(" | 1.5M | yes |  |")


def test_a_failed_run_stands_there_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "broken")
    assert "| Broken |  |  | 1.5M | yes | failed\\: answers 3 of 4 pairs |" in markdown(make_board(collect(tmp_path)))


def test_without_results_it_says_so(tmp_path: Path) -> None:
    assert "No results yet" in markdown(make_board(collect(tmp_path)))


@pytest.mark.parametrize(
    ("stranger", "shown"),
    [
        ("a | b", "a \\| b"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[x](http://evil)", "\\[x\\](http\\://evil)"),
        ("@everyone `rm` **b**", "\\@everyone \\`rm\\` \\*\\*b\\*\\*"),
        ("&lt;", "&amp;lt;"),
    ],
)
def test_markdown_finds_nothing_in_a_strangers_words(stranger: str, shown: str) -> None:
    assert text(stranger) == shown


def test_numbers_read_as_people_write_them() -> None:
    assert [count(n) for n in (None, 999, 1_000, 151_280_000, 7_000_000_000)] == ["", "999", "1.0k", "151.3M", "7.0B"]
    assert percent(Estimate(value=0.7321, low=0.7, high=0.7649)) == "73.2 [70.0, 76.5]"
    assert percent(Estimate(value=0.5, low=None, high=None)) == "50.0 [-]"
    (found,) = simulated([0.7], articles=2, pairs=2)
    standings = (None, *(Standing(low=low, high=high, group=1, beats_controls=True) for low, high in ((1, 1), (2, 5))))
    assert [rank(replace(found.row, standing=standing)) for standing in standings] == ["", "1", "2-5"]


def test_a_result_becomes_metadata_for_a_model_card(tmp_path: Path) -> None:
    root = write(tmp_path, "clip", {"Health": [10, 10], "Travel": [5, 0]})
    text = model_card(bundle.read(root))
    assert text.startswith("---\nmodel-index: [")
    (model,) = json.loads(text.split("model-index: ")[1].removesuffix("---\n"))
    (result,) = model["results"]
    assert result["dataset"] == {
        "type": "tiny",
        "name": "tiny 1.0",
        "split": "test",
        "revision": "ab" * 32,
        "args": {"modality": "vision+text"},
    }
    assert result["metrics"][0] == {
        "type": "accuracy",
        "name": "accuracy, macro",
        "value": 0.625,
        "args": {"interval_95": None},
    }


def test_a_failed_run_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a failed run has no score"):
        model_card(bundle.read(write(tmp_path, "broken")))
