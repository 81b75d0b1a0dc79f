"""LEADERBOARD.md: right for people, harmless with strangers' words."""

from __future__ import annotations

from pathlib import Path

import pytest

from leaderboard.board import document
from leaderboard.collect import collect
from leaderboard.markdown import count, markdown, percent, rank, text
from tests.leaderboard.bundles import write

GOOD = {"Health": (9, 10, 9, 10, 9, 10), "Travel": (10, 9, 10, 9, 10, 9)}


def test_a_row_says_rank_accuracy_and_size(tmp_path: Path) -> None:
    write(tmp_path, "good", GOOD)
    write(tmp_path, "coin", {"Health": (5,) * 6, "Travel": (5,) * 6}, submission={"kind": "control"})
    lines = markdown(document(collect(tmp_path))).splitlines()
    (row,) = [line for line in lines if line.startswith("| 1 | 1 | Good |")]
    assert row.split(" | ")[3].startswith("95.0 [")
    assert row.endswith(" | 1.5M | yes |  |")


def test_a_failed_run_stands_there_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "broken")
    assert "| Broken |  |  | 1.5M | yes | failed\\: answers 3 of 4 pairs |" in markdown(document(collect(tmp_path)))


def test_without_results_it_says_so(tmp_path: Path) -> None:
    assert "No results yet" in markdown(document(collect(tmp_path)))


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
    assert percent({"value": 0.7321, "low": 0.7, "high": 0.7649}) == "73.2 [70.0, 76.5]"
    assert percent({"value": 0.5, "low": None, "high": None}) == "50.0 [-]"
    assert [rank({"standing": s}) for s in (None, {"low": 1, "high": 1}, {"low": 2, "high": 5})] == ["", "1", "2-5"]
