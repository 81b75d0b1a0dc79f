"""index.html: everything on it, nothing of a stranger's at work in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from leaderboard.board import document
from leaderboard.collect import collect
from leaderboard.page import page
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
    plain = page(document(collect(tmp_path)))
    write(tmp_path, "evil", MIDDLING, submission={"title": HOSTILE, "authors": [HOSTILE], "licence": HOSTILE})
    write(tmp_path, "fails", failure={"reason": HOSTILE})
    hostile = page(document(collect(tmp_path)))
    assert {tag for tag, _ in tags(hostile)} == {tag for tag, _ in tags(plain)}
    assert not any(name.startswith("on") for _, attributes in tags(hostile) for name in attributes)
    assert hostile.count("</script>") == plain.count("</script>")


def test_nothing_is_fetched(tmp_path: Path) -> None:
    write(tmp_path, "blip", MIDDLING)
    html = page(document(collect(tmp_path)))
    assert "default-src 'none'" in html
    assert not {"src", "href", "srcset", "action"} & {name for _, attributes in tags(html) for name in attributes}
    assert not re.search(r"url\(|@import", html.split("</style>")[0])


def test_failed_runs_and_controls_are_visible(tmp_path: Path) -> None:
    write(tmp_path, "coin", MIDDLING, submission={"kind": "control"})
    write(tmp_path, "broken")
    html = page(document(collect(tmp_path)))
    assert "a control, not a contestant" in html
    assert "answers 3 of 4 pairs" in html
