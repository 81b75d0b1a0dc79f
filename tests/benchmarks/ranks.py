"""How often a board claims what is not so, and how often what is: `python -m tests.benchmarks.ranks`."""

from __future__ import annotations

import numpy as np

from leaderboard import ranking
from leaderboard.ranking import Contest
from tests.leaderboard.simulated import counts

# rows, articles a category (ten of them), pairs an article, boards
EQUAL = ((3, 6, 3, 2_000), (20, 6, 3, 1_000), (60, 6, 3, 500), (60, 2, 3, 200), (20, 100, 10, 200), (300, 100, 10, 60))
APART = (0.01, 0.02, 0.03, 0.05)  # true differences


def contest(skill: list[float], articles: int, pairs: int, seed: int) -> Contest:
    asked, correct = counts(skill, articles, pairs, seed)
    return Contest(tuple(name for name, _, _ in asked), np.array([n for _, _, n in asked]), correct)


def main() -> None:
    print("equal rows: share of boards that claim any difference")
    for rows, articles, pairs, boards in EQUAL:
        found = (
            ranking.compare(contest([0.7] * rows, articles, pairs, seed), f"{seed}".encode()) for seed in range(boards)
        )
        claims = sum(bool(board.better.any()) for board in found)
        print(f"{rows:4} rows, {articles * 10:5} articles: {claims / boards:.3f} of {boards} boards", flush=True)
    print("1,000 rows on 33,000 pairs, one half better: share of the true differences that are claimed")
    for gap in APART:
        skill = [0.7 + gap] * 500 + [0.7] * 500
        board = ranking.compare(contest(skill, 220, 15, 1), b"apart")
        false = int(board.better[:500, :500].sum() + board.better[500:].sum())
        print(f"{gap:.2f} apart: {board.better[:500, 500:].mean():.3f} claimed, {false} false claims", flush=True)


if __name__ == "__main__":
    main()
