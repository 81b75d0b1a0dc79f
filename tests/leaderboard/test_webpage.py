"""index.html: everything on it, nothing of a stranger's at work in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

import pytest

from harness.contract.decoding import Record
from leaderboard.board import make_board
from leaderboard.collect import collect
from leaderboard.document import (
    AccuracyDifference,
    AccuracyEstimate,
    Isolation,
    ModalityComparison,
    ReportedRow,
    SetKey,
    Standing,
)
from leaderboard.webpage import FOLDER, SCRIPTS, PageBoard, PageRow, PageTable, ReliabilityCurve, page
from tests.leaderboard.bundles import MIDDLING, write

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


class Tags(HTMLParser):
    """Every start tag and every attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.found


def test_hostile_words_are_shown_and_do_nothing(tmp_path: Path) -> None:
    write(tmp_path, "plain", MIDDLING)
    plain = page(make_board(collect(tmp_path)))
    write(tmp_path, "evil", MIDDLING, submission={"title": HOSTILE, "authors": [HOSTILE], "licence": HOSTILE})
    write(tmp_path, "fails", failure={"reason": HOSTILE})
    hostile = page(make_board(collect(tmp_path)))
    assert {tag for tag, _ in tags(hostile)} == {tag for tag, _ in tags(plain)}
    assert not any(name.startswith("on") for _, attributes in tags(hostile) for name in attributes)
    assert hostile.count("</script>") == plain.count("</script>")


def test_nothing_is_fetched(tmp_path: Path) -> None:
    write(tmp_path, "blip", MIDDLING)
    html = page(make_board(collect(tmp_path)))
    assert "default-src 'none'" in html
    assert not {"src", "href", "srcset", "action"} & {name for _, attributes in tags(html) for name in attributes}
    assert not re.search(r"url\(|@import", html.split("</style>")[0])


def test_failed_runs_and_controls_are_visible(tmp_path: Path) -> None:
    write(tmp_path, "coin", MIDDLING, submission={"kind": "control"})
    write(tmp_path, "broken")
    html = page(make_board(collect(tmp_path)))
    assert "a control, not a contestant" in html
    assert "answers 3 of 4 pairs" in html


# The variables of the scripts that hold records of the page's data, and the fields that the scripts replace or add.
VARIABLES: dict[str, type[Record]] = {
    "BOARD": PageBoard,
    "table": PageTable,
    "row": PageRow,
    "first": PageRow,
    "second": PageRow,
    "above": PageRow,
    "set": SetKey,
    "standing": Standing,
    "comparison": ModalityComparison,
    "estimate": AccuracyEstimate,
    "base": AccuracyEstimate,
    "gain": AccuracyDifference,
    "curve": ReliabilityCurve,
    "reported": ReportedRow,
}
REPLACED = {("row", "isolation"): Isolation}
ADDED = {("row", "id"), ("row", "place"), ("first", "place"), ("second", "place")}
ACCESS = re.compile(rf"(?<![\w\-])(?<![\w)\]?]\.)({'|'.join(VARIABLES)})((?:\??\.[a-zA-Z_]\w*)+)")


def accesses(script: str) -> Iterator[tuple[str, list[str]]]:
    """Each access to a field in a script: the variable, and the names after it."""
    code = re.sub(r"^\s*(//|/\*\*).*$", "", script, flags=re.MULTILINE)
    for variable, names in ACCESS.findall(code):
        yield variable, re.findall(r"\w+", names)


def record_of(hint: object) -> type[Record] | None:
    """The record type in a type hint, such as that of `Standing | None`."""
    if get_origin(hint) in (Union, UnionType, Annotated):
        return next((found for part in get_args(hint) if (found := record_of(part))), None)
    return hint if isinstance(hint, type) and issubclass(hint, Record) else None


def unknown(script: str) -> list[str]:
    """Every access that names a field which the Python types do not have."""
    wrong = []
    for variable, names in accesses(script):
        kind: type[Record] | None = VARIABLES[variable]
        for name in names:
            if kind is None or (variable, name) in ADDED:
                break  # a method of a text, list or number; or a field that the scripts add
            if name not in kind.__struct_fields__:
                wrong.append(f"{variable}.{'.'.join(names)}: {kind.__name__} has no {name}")
                break
            kind = REPLACED.get((variable, name)) or record_of(get_type_hints(kind)[name])
    return wrong


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_field_that_a_script_reads_is_one_of_the_types(name: str) -> None:
    assert unknown((FOLDER / name).read_text(encoding="utf-8")) == []


def test_a_field_renamed_in_python_is_found_in_the_scripts() -> None:
    assert unknown("row.standing?.lowest ?? row.titel.length") == [
        "row.standing.lowest: Standing has no lowest",
        "row.titel.length: PageRow has no titel",
    ]


@pytest.mark.parametrize("kind", [PageRow, PageTable, PageBoard])
def test_every_field_that_travels_is_read_by_a_script(kind: type[Record]) -> None:
    scripts = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    read = {name for variable, (name, *_) in accesses(scripts) if VARIABLES[variable] is kind}
    assert set(kind.__struct_fields__) <= read


def test_rows_are_read_by_field_names_alone() -> None:
    scripts = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    assert not re.findall(r"\b(?:row|standing|estimate|gain)\[", scripts)
