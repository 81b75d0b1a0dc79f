"""The document: what is put beside what, and in which order."""

from __future__ import annotations

import random
from pathlib import Path

from harness.records import Modality
from leaderboard.board import make_board
from leaderboard.collect import collect
from leaderboard.document import SetTable
from tests.leaderboard.bundles import MIDDLING, write

GOOD = {"Health": (9, 10, 9, 10, 9, 10), "Travel": (10, 9, 10, 9, 10, 9)}
POOR = {"Health": (6, 7, 6, 6, 7, 6), "Travel": (6, 6, 7, 6, 6, 7)}  # yet resolvably above chance


def tables(results: Path) -> list[SetTable]:
    return make_board(collect(results)).tables


def test_sets_never_share_a_table(tmp_path: Path) -> None:
    """Another version, another digest under one version, another visibility: each has its own table."""
    write(tmp_path / "a", "blip", MIDDLING)
    write(tmp_path / "b", "blip", MIDDLING, set={"version": "1.10"})
    write(tmp_path / "c", "blip", MIDDLING, set={"version": "1.9"})
    write(tmp_path / "d", "blip", MIDDLING, set={"digest": "cd" * 32})
    write(tmp_path / "e", "blip", MIDDLING, set={"subset": "validation"})
    write(tmp_path / "f", "blip", MIDDLING, set={"visibility": "hidden"})
    keys = [table.set for table in tables(tmp_path)]
    assert [(key.version, key.subset, key.visibility, key.digest[:2]) for key in keys] == [
        ("1.10", "test", "public", "ab"),
        ("1.9", "test", "public", "ab"),
        ("1.0", "test", "hidden", "ab"),
        ("1.0", "test", "public", "ab"),
        ("1.0", "test", "public", "cd"),
        ("1.0", "validation", "public", "ab"),
    ]


def test_modalities_are_ranked_apart_and_stand_in_their_order(tmp_path: Path) -> None:
    for modality in ("text", "vision", "vision+text"):
        write(tmp_path, "good", GOOD, modality=modality)
        write(tmp_path, "poor", POOR, modality=modality)
    (table,) = tables(tmp_path)
    assert [(row.modality, row.submission.name, row.standing and row.standing.low) for row in table.rows] == [
        ("vision+text", "good", 1),
        ("vision+text", "poor", 2),
        ("vision", "good", 1),
        ("vision", "poor", 2),
        ("text", "good", 1),
        ("text", "poor", 2),
    ]


def test_contestants_come_first_then_the_rest_and_failed_runs_last(tmp_path: Path) -> None:
    write(tmp_path, "a-failed")
    write(tmp_path, "coin", POOR, submission={"kind": "control"})
    write(tmp_path, "good", GOOD)
    write(tmp_path, "loose", GOOD, isolation={"isolated": False})
    write(tmp_path, "poor", POOR)
    (table,) = tables(tmp_path)
    shown = [(row.submission.name, row.standing and row.standing.beats_controls) for row in table.rows]
    assert shown == [("good", True), ("poor", False), ("loose", None), ("coin", None), ("a-failed", None)]
    assert table.comparisons[Modality.VISION_TEXT].rows == 3  # the unisolated run is not compared


def test_the_order_of_the_bundles_does_not_matter(tmp_path: Path) -> None:
    for name, right in {"b": GOOD, "a": POOR, "d": MIDDLING, "c": MIDDLING}.items():
        write(tmp_path, name, right)
    filed = collect(tmp_path)
    wanted = make_board(filed)
    random.Random(3).shuffle(filed)
    assert make_board(filed) == wanted
    assert [row.submission.name for row in wanted.tables[0].rows] == ["b", "c", "d", "a"]
