"""How long does a board take to rank and to render, against pandas making the plain table of the same counts?

    python -m tests.benchmarks.board
    python -m tests.benchmarks.board --size full

Rows of true accuracy .55 to .85, on 33,000 pairs in 2,200 articles. pandas groups the counts by submission and
category, takes the mean, sorts and writes HTML: no intervals, no ranks, no groups that cannot be told apart.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from leaderboard.board import make_board, read_reported
from leaderboard.collect import FiledResult
from leaderboard.markdown import markdown
from leaderboard.webpage import page
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Size, Timed, at_most, compared, timed
from tests.leaderboard.simulated import filed as simulated

# submissions: turns
BOARDS = {
    Size.TINY: {4: 1},
    Size.QUICK: {10: 5, 30: 5, 100: 5, 300: 3, 1_000: 2},
    Size.FULL: {10: 7, 30: 7, 100: 7, 300: 5, 1_000: 5},
}
LIMIT = "the shared bootstrap of all pairs of rows"
Accuracies = Mapping[str, float]  # submission: macro accuracy, best first


def ours(entered: list[FiledResult]) -> tuple[Accuracies, float, float]:
    """The macro accuracies in the board's order; seconds to rank, seconds to render."""
    began = time.perf_counter()
    board = make_board(entered, read_reported())
    ranked = time.perf_counter()
    page(board)
    markdown(board)
    rendered = time.perf_counter()
    found = {row.submission.name: row.macro.value for table in board.tables for row in table.rows if row.macro}
    return found, ranked - began, rendered - ranked


def counts(entered: list[FiledResult]) -> pd.DataFrame:
    """A line for each submission and article: category, asked, correct."""
    categories = [category for category, _, _ in entered[0].asked]
    frame = pd.DataFrame(
        {
            "submission": np.repeat([found.name for found in entered], len(categories)),
            "category": categories * len(entered),
            "asked": [asked for found in entered for _, _, asked in found.asked],
            "correct": np.concatenate([found.correct for found in entered]),
        }
    )
    return frame.astype({"submission": "category", "category": "category"})


def theirs(frame: pd.DataFrame) -> tuple[Accuracies]:
    sums = frame.groupby(["submission", "category"], observed=True)[["correct", "asked"]].sum()
    table = (sums["correct"] / sums["asked"]).unstack()
    table["macro"] = table.mean(axis=1)
    table = table.sort_values("macro", ascending=False)
    table.to_html()
    return (table["macro"].to_dict(),)


def same_board(mine: tuple[Accuracies, float, float], plain: tuple[Accuracies]) -> bool:
    """The same accuracies, to the six digits of a result, in an order that they allow."""
    (macro, *_), (other,) = mine, plain
    falling = list(macro.values()) == sorted(macro.values(), reverse=True)
    return falling and macro.keys() == other.keys() and all(abs(macro[name] - other[name]) < 1e-6 for name in macro)


def rows(size: Size) -> Iterator[Row]:
    for count, turns in BOARDS[size].items():
        entered = simulated(list(np.linspace(0.55, 0.85, count)))
        frame = counts(entered)
        parts: list[tuple[float, float]] = []

        def build(entered: list[FiledResult] = entered, parts: list[tuple[float, float]] = parts) -> Timed:
            found = timed(lambda: ours(entered))()
            parts.append(found.result[1:])
            return found

        yield compared(
            f"rank and render {count:,} submissions",
            "pandas groupby and to_html, unranked",
            build,
            timed(lambda frame=frame: theirs(frame)),
            repeats=turns,
            warm=turns > 2,
            agree=same_board,
            limit=LIMIT,
            curve="rank and render",
            size=count,
        )
    ranked, rendered = zip(*parts, strict=True)
    yield Row(f"rank {count:,} submissions", "", ranked, "s", at_most(60), LIMIT)
    yield Row(f"render {count:,} submissions", "", rendered, "s", at_most(5), "Jinja and JSON")


if __name__ == "__main__":
    measuring.main(rows, __doc__)
