"""leaderboard.json by its types, and by the JSON Schema that is made from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.contract import decoding
from harness.errors import InputError
from harness.records import Modality
from leaderboard import document
from leaderboard.board import make_board, read_reported
from leaderboard.collect import collect
from leaderboard.document import Board
from tests.leaderboard.bundles import MIDDLING, write


def board(results: Path) -> Board:
    for modality in ("vision+text", "vision", "text"):
        write(results, "clip", MIDDLING, modality=modality)
    write(results, "coin", MIDDLING, submission={"kind": "control", "parameters": None})
    write(results, "broken")
    return make_board(collect(results), read_reported())


def test_the_published_schema_is_the_one_of_the_types() -> None:
    assert document.SCHEMA.read_text(encoding="utf-8") == decoding.json_page(document.schema())


def test_the_board_is_what_its_schema_says(tmp_path: Path) -> None:
    text = decoding.json_page(board(tmp_path))
    wanted = Draft202012Validator(json.loads(document.SCHEMA.read_text(encoding="utf-8")))
    assert not list(wanted.iter_errors(json.loads(text)))
    spoiled = json.loads(text)
    del spoiled["tables"][0]["rows"][0]["unranked"]
    assert "unranked" in next(wanted.iter_errors(spoiled)).message
    with pytest.raises(InputError, match="unranked"):
        decoding.decode(Board, json.dumps(spoiled), "leaderboard.json")


def test_the_board_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = board(tmp_path)
    assert decoding.decode(Board, decoding.json_page(written), "leaderboard.json") == written


def test_a_score_that_was_not_made_is_left_out_of_the_file(tmp_path: Path) -> None:
    row = decoding.to_json(board(tmp_path))["tables"][0]["rows"][0]
    assert row["scores"] == {}


def test_the_papers_rows_are_the_published_ones() -> None:
    rows = {(row.model, row.modality): row for row in read_reported()}
    assert len(rows) == 9
    assert rows["BLIP", Modality.VISION_TEXT].categories["Computers and Electronics"] == 0.817
    assert rows["CLIP", Modality.VISION].macro == 0.6369
