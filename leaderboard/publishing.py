"""The files of a board: where they go, their content, and whether they are up to date.

The repository keeps its record in `leaderboard/record/` (`results/`, `trusted_keys`, `disqualified`) and its board in
`leaderboard/site/`. Any other board is written to the folder that holds its results.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from harness.contract import decoding
from leaderboard import board, collect, filing, markdown, webpage

RECORD, SITE = "record", "site"
SHOWN = 12  # lines of a difference that `differences` yields for each file
WIDEST = 160  # characters of such a line


def site_folder(results: Path) -> Path:
    """Return the folder of the board: `site/` beside a folder `record/`, else the folder that holds the results."""
    holder = results.resolve().parent
    return results.parent.parent / SITE if holder.name == RECORD else results.parent


def render(results: Path, out: Path | None = None) -> dict[Path, str]:
    """Return the content of each file of the board, by its path.

    Of a board with trusted keys, that is written to its own place, this includes the README.md of the project, if it
    has the markers of the board.

    Args:
        out: the folder of the board, if not its own place.
    """
    looks = filing.read_policy(results.parent).looks
    made = board.make_board(collect.collect(results), board.read_reported(), looks)
    folder = out or site_folder(results)
    content = {
        "LEADERBOARD.md": markdown.markdown(made),
        "index.html": webpage.page(made),
        "leaderboard.json": decoding.json_page(made),
    }
    files = {folder / name: text for name, text in content.items()}
    readme = _readme(results, folder)
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    public = (results.parent / filing.TRUSTED).is_file() and folder.resolve() == site_folder(results).resolve()
    return files | ({readme: markdown.excerpt(made, text)} if public and markdown.BEGIN in text else {})


def _readme(results: Path, folder: Path) -> Path:
    """Return the README.md above the folder that holds the record, or the results."""
    whole = folder.resolve().parent if results.resolve().parent.name == RECORD else folder.resolve()
    return whole.parent / "README.md"


def differences(path: Path, wanted: str) -> Iterator[str]:
    """Yield the first lines in which a file differs from its wanted content; nothing where it does not."""
    found = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = difflib.unified_diff(found.splitlines(), wanted.splitlines(), str(path), "rebuilt", lineterm="", n=0)
    yield from (line[:WIDEST] for line in islice(lines, SHOWN))
    if found != wanted and found.splitlines() == wanted.splitlines():
        yield f"{path}: other line endings"
