"""How long a board of many rows takes, and how large it is: `python -m tests.benchmarks.board [ROWS] [PAGE]`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from leaderboard.board import document
from leaderboard.markdown import markdown
from leaderboard.page import page
from leaderboard.reported import reported
from tests.leaderboard.simulated import rows


def main(count: int, out: Path | None) -> None:
    """Rows of true accuracy .55 to .85, on 33,000 pairs in 2,200 articles."""
    entered = rows(list(np.linspace(0.55, 0.85, count)))
    started = time.perf_counter()
    board = document(entered, reported())
    ranked = time.perf_counter()
    html = page(board)
    text = markdown(board)
    rendered = time.perf_counter()
    print(f"{count} rows: ranked in {ranked - started:.1f} s, rendered in {rendered - ranked:.1f} s")
    print(f"index.html {len(html.encode()):,} bytes, LEADERBOARD.md {len(text.encode()):,} bytes")
    print(f"comparison: {board['tables'][0]['comparisons']}")
    if out:
        out.write_text(html, encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
