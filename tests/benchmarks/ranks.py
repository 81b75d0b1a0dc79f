"""How often a board claims what is not so, and how often what is.

python -m tests.benchmarks.ranks --size full

Rows of one accuracy, where every difference that is claimed is false: boards that claim one. Then 1,000 rows on 33,000
pairs, one half better: the share of the true differences that are claimed, and what was claimed falsely.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from leaderboard import ranking
from leaderboard.ranking import Contest
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Size, at_most
from tests.leaderboard.simulated import counts


class Equal(NamedTuple):
    """Boards of so many equal rows; articles in each of ten categories, pairs an article (`None`: Pareto, 1 to 60)."""

    rows: int
    articles: int
    pairs: int | None
    boards: int


EQUAL = {
    Size.TINY: (Equal(3, 6, 3, 5),),
    Size.QUICK: (Equal(3, 6, 3, 1_000), Equal(60, 6, 3, 200), Equal(8, 12, None, 500)),
    Size.FULL: (
        Equal(3, 6, 3, 2_000),
        Equal(20, 6, 3, 1_000),
        Equal(60, 6, 3, 500),
        Equal(60, 2, 3, 200),
        Equal(20, 100, 10, 200),
        Equal(300, 100, 10, 60),
        Equal(8, 12, None, 1_000),
        Equal(3, 2, None, 1_000),
    ),
}
APART = {Size.TINY: (), Size.QUICK: (0.05,), Size.FULL: (0.01, 0.02, 0.03, 0.05)}  # true differences
AIM = at_most(0.06)  # 0.05, and what chance adds in some hundred boards


def contest(skill: list[float], articles: int, pairs: int | None, seed: int) -> Contest:
    asked, correct = counts(skill, articles, pairs, seed)
    return Contest(tuple(name for name, _, _ in asked), np.array([n for _, _, n in asked]), correct)


def claims(kind: Equal) -> float:
    """The share of boards of equal rows that claim a difference."""
    skill = [0.7] * kind.rows
    found = (
        ranking.compare(contest(skill, kind.articles, kind.pairs, seed), f"{seed}".encode())
        for seed in range(kind.boards)
    )
    return sum(bool(board.better.any()) for board in found) / kind.boards


def found_apart(gap: float) -> tuple[float, int]:
    """The share of the true differences that are claimed; how many false ones are."""
    board = ranking.compare(contest([0.7 + gap] * 500 + [0.7] * 500, 220, 15, 1), b"apart")
    false = int(board.better[:500, :500].sum() + board.better[500:].sum())
    return float(board.better[:500, 500:].mean()), false


def rows(size: Size) -> Iterator[Row]:
    for kind in EQUAL[size]:
        what = f"boards of {kind.rows} equal rows, {kind.articles * 10:,} articles"
        what += "" if kind.pairs else " of 1 to 60 pairs"
        yield Row(what, f"{kind.boards:,} boards", (claims(kind),), "claim a difference", AIM)
    for gap in APART[size]:
        share, false = found_apart(gap)
        yield Row(f"1,000 rows, one half {gap} better", f"{false} false claims", (share,), "of the differences claimed")


if __name__ == "__main__":
    measuring.main(rows, __doc__)
