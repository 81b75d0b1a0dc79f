"""What others read: leaderboard.json by its schema, and metadata for a model card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.contract import bundle, schema
from harness.errors import InputError
from leaderboard.board import document
from leaderboard.card import card
from leaderboard.collect import collect
from leaderboard.reported import reported
from tests.leaderboard.bundles import MIDDLING, write


def test_the_board_is_what_its_schema_says(tmp_path: Path) -> None:
    for modality in ("vision+text", "vision", "text"):
        write(tmp_path, "clip", MIDDLING, modality=modality)
    write(tmp_path, "coin", MIDDLING, submission={"kind": "control", "parameters": None})
    write(tmp_path, "broken")
    board = document(collect(tmp_path), reported())
    schema.check(json.loads(json.dumps(board)), "leaderboard", "leaderboard.json")
    del board["tables"][0]["rows"][0]["unranked"]
    with pytest.raises(InputError, match="unranked"):
        schema.check(board, "leaderboard", "leaderboard.json")


def test_the_papers_rows_are_the_published_ones() -> None:
    rows = {(row["model"], row["modality"]): row for row in reported()}
    assert len(rows) == 9
    assert rows["BLIP", "vision+text"]["categories"]["Computers and Electronics"] == 0.817
    assert rows["CLIP", "vision"]["macro"] == 0.6369


def test_a_result_becomes_metadata_for_a_model_card(tmp_path: Path) -> None:
    root = write(tmp_path, "clip", {"Health": [10, 10], "Travel": [5, 0]})
    text = card(bundle.read(root))
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
        card(bundle.read(write(tmp_path, "broken")))
