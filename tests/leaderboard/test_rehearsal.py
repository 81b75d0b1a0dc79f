"""The comment on a pull request, from files that a stranger's code wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.contract import decoding
from leaderboard import rehearsal
from leaderboard.rehearsal import comment
from tests.leaderboard.bundles import MIDDLING, result, write

EVIL = (
    "@org/team [x](http://evil.example) ![i](http://evil.example/a.png) <img src=x> |\n# Approved\n- [x] www.evil.com"
)
# All that a comment may consist of, cell by cell.
ROW = re.compile(
    r"\| `[a-z0-9_-]{1,40}` \| (vision\+text|vision|text) \| `[0-9a-f]{12}` \| ([0-9.]+ \[[0-9., -]+\])? \| [0-9]* "
    r"\| (yes|no) \| [a-z ]+ \|"
)


def rows(text: str) -> list[str]:
    """The rows of the table, after checking that the rest is the fixed text."""
    assert text.startswith(rehearsal.HEAD)
    lines = text.removeprefix(rehearsal.HEAD).splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    rest = {line for line in lines if not line.startswith("|")}
    allowed = {"", rehearsal.NOTHING.strip()}
    assert all(line in allowed or re.fullmatch(r"\d+ files could not be read as results\.", line) for line in rest)
    assert all(ROW.fullmatch(line) for line in table)
    return table


def store(folder: Path, record: dict[str, Any] | str | bytes, place: str = "a/b/c") -> None:
    path = folder / place / "result.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(record) if isinstance(record, dict) else record
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def scored(tmp_path: Path) -> dict[str, Any]:
    root = write(tmp_path / "made", "blip", MIDDLING)
    found: dict[str, Any] = json.loads((root / "result.json").read_text())
    return found


def test_a_result_becomes_a_row_of_numbers(tmp_path: Path) -> None:
    store(tmp_path / "in", scored(tmp_path))
    (row,) = rows(comment(tmp_path / "in"))
    assert row.startswith("| `blip` | vision+text | `abababababab` | 67.5 [")
    assert row.endswith(" | 120 | yes | scored |")


def test_a_failed_run_shows_a_word_and_no_reason(tmp_path: Path) -> None:
    record = decoding.to_json(result("blip", failure={"reason": f"gave no answer within 60 s. {EVIL}"}))
    store(tmp_path, record)
    (row,) = rows(comment(tmp_path))
    assert row.endswith(" | timed out |")


def test_no_word_of_a_stranger_is_shown(tmp_path: Path) -> None:
    """Every text of a result that has no pattern is replaced by Markdown, HTML and mentions."""
    record = scored(tmp_path)
    plain = [["set", "name"], ["set", "version"], ["set", "subset"], ["harness", "version"]]
    plain += [["submission", name] for name in ("title", "licence", "paper", "image", "weights")]
    for group, name in plain:
        record[group][name] = EVIL
    record["submission"]["authors"] = record["submission"]["training_data"] = [EVIL] * 3
    record["isolation"]["covers"] = record["isolation"]["exposes"] = [EVIL]
    accuracy = record["scores"]["accuracy"]
    accuracy["categories"] = {EVIL: accuracy["categories"]["Health"]}
    store(tmp_path / "in", record)
    text = comment(tmp_path / "in")
    assert len(rows(text)) == 1
    assert "evil" not in text
    assert "@" not in text


HOSTILE: dict[str, Callable[[dict[str, Any]], object]] = {
    "a name with Markdown": lambda record: record["submission"].update(name=EVIL),
    "a name that leads elsewhere": lambda record: record["submission"].update(name="../../etc"),
    "a score as text": lambda record: record["scores"]["accuracy"]["macro"].update(value=EVIL),
    "a score above one": lambda record: record["scores"]["accuracy"]["macro"].update(value=1e300),
    "pairs as a list": lambda record: record["scores"]["accuracy"]["micro"].update(pairs=[1, 2]),
    "a modality of its own": lambda record: record.update(modality=EVIL),
    "a digest of its own": lambda record: record["set"].update(digest=EVIL),
    "a field more": lambda record: record.update(note=EVIL),
    "isolated as text": lambda record: record["isolation"].update(isolated=EVIL),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_of_the_wrong_types_is_counted_and_not_quoted(tmp_path: Path, kind: str) -> None:
    record = scored(tmp_path)
    HOSTILE[kind](record)
    store(tmp_path / "in", record)
    text = comment(tmp_path / "in")
    assert rows(text) == []
    assert "1 files could not be read as results." in text
    assert "evil" not in text


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "NaN",
        '{"format": 1',
        "[" * 100_000,
        b"\xff\xfe\x00",
        '{"a": "\\ud800"}',
        f'{{"x": "{"A" * 3_000_000}"}}',
        f'{{"seed": {"9" * 100_000}}}',
    ],
    ids=range(10),
)
def test_a_file_that_is_no_result_is_counted(tmp_path: Path, content: str | bytes) -> None:
    store(tmp_path, content)
    text = comment(tmp_path)
    assert rows(text) == []
    assert len(text) < 1000


def test_names_of_folders_are_not_shown(tmp_path: Path) -> None:
    record = scored(tmp_path)
    for place in ("@team", "](http:__evil)", "<b>", "..evil", "\u202eevil", "x" * 200):
        store(tmp_path / "in", record, f"results/{place}/text")
    text = comment(tmp_path / "in")
    assert len(rows(text)) == 6
    assert "evil" not in text


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    store(tmp_path / "secret", scored(tmp_path))
    (tmp_path / "in/folder").mkdir(parents=True)
    (tmp_path / "in/folder/result.json").symlink_to(tmp_path / "secret/a/b/c/result.json")
    (tmp_path / "in/linked").symlink_to(tmp_path / "secret")
    assert rows(comment(tmp_path / "in")) == []


def test_thousands_of_files_make_a_short_comment(tmp_path: Path) -> None:
    record = scored(tmp_path)
    for number in range(300):
        store(tmp_path / "in", record, f"{number}")
    text = comment(tmp_path / "in")
    assert len(rows(text)) == rehearsal.MOST_FILES
    assert len(text) < 10_000


def test_an_enormous_number_of_pairs_is_left_out(tmp_path: Path) -> None:
    record = scored(tmp_path)
    record["scores"]["accuracy"]["micro"]["pairs"] = 10**18
    store(tmp_path / "in", record)
    (row,) = rows(comment(tmp_path / "in"))
    assert "1000000000" not in row


def test_an_empty_artifact_says_so(tmp_path: Path) -> None:
    assert rehearsal.NOTHING in comment(tmp_path)
    assert rehearsal.NOTHING in comment(tmp_path / "absent")
