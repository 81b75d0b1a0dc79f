"""From bundles to rows: what is read, what is refused, what is cleaned."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.records import InputError
from leaderboard.collect import CONTROL, NOT_ISOLATED, clean, collect
from tests.leaderboard.bundles import MIDDLING, write


def test_a_bundle_becomes_a_row_with_its_accuracies(tmp_path: Path) -> None:
    write(tmp_path, "blip", {"Health": [10, 10], "Travel": [5, 0]})
    (row,) = collect(tmp_path)
    assert row.macro is not None
    assert row.macro.value == (1.0 + 0.25) / 2
    assert row.categories["Travel"].value == 0.25
    assert row.asked[2] == ("Travel", "Travel-0000", 10)
    assert row.correct == (10, 10, 5, 0)
    assert row.unranked is None


def test_a_failed_run_keeps_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "broken")
    (row,) = collect(tmp_path)
    assert row.failure == "answers 3 of 4 pairs"
    assert row.macro is None


def test_controls_and_unisolated_runs_take_no_rank(tmp_path: Path) -> None:
    write(tmp_path, "coin", MIDDLING, submission={"kind": "control"})
    write(tmp_path, "loose", MIDDLING, isolation={"sandbox": "process", "isolated": False})
    assert [row.unranked for row in collect(tmp_path)] == [CONTROL, NOT_ISOLATED]


def test_a_changed_bundle_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path, "blip", MIDDLING)
    path = root / "articles.jsonl"
    path.write_text(path.read_text().replace('"correct":6', '"correct":9', 1))
    with pytest.raises(InputError, match=r"articles\.jsonl: altered"):
        collect(tmp_path)


def test_two_bundles_of_one_run_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "one", "blip", MIDDLING)
    write(tmp_path / "two", "blip", MIDDLING)
    with pytest.raises(InputError, match=r"two bundles of blip vision\+text on tiny 1\.0 test"):
        collect(tmp_path)


def test_rows_of_one_set_that_were_asked_differently_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "blip", MIDDLING)
    write(tmp_path, "clip", MIDDLING, asked=11)
    with pytest.raises(InputError, match=r"clip .* was asked other pairs than blip"):
        collect(tmp_path)


def test_no_folder_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder; wanted result bundles"):
        collect(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand tabs", "two lines and tabs"),
        ("right\u202eto left\u2066", "right to left"),
        ("null\x00byte\x1b[31m", "null byte [31m"),
        ("zero\u200bwidth\ufeff", "zero width"),
        ("👩\u200d🔬 and café", "👩\u200d🔬 and café"),
        ("x" * 200, "x" * 79 + "…"),
        ("\ud800", ""),
    ],
)
def test_a_strangers_words_become_one_harmless_line(written: str, shown: str) -> None:
    assert clean(written) == shown
