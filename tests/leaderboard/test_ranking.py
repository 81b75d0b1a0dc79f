"""Ranks, against results worked out by hand and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest

from leaderboard import ranking
from leaderboard.ranking import Contest, PairwiseClaims, RankInterval
from tests.leaderboard.simulated import counts


def contest(*rows: list[int], asked: int = 10, category: tuple[str, ...] | None = None) -> Contest:
    """Rows of correct counts, one number per article, all of one category unless said otherwise."""
    articles = len(rows[0])
    return Contest(category or ("A",) * articles, np.full(articles, asked), np.array(rows).T)


def simulated(generator: np.random.Generator, skill: list[float], articles: int, pairs: int) -> Contest:
    """Ten categories; articles differ in difficulty, partly shared by all rows; skill: each row's log-odds."""
    shape = (articles * 10, len(skill))
    hardness = 0.4 * generator.normal(size=(shape[0], 1)) + 0.4 * generator.normal(size=shape)
    chance = 1 / (1 + np.exp(-(np.array(skill) + hardness)))
    category = tuple(f"c{number % 10}" for number in range(shape[0]))
    return Contest(category, np.full(shape[0], pairs), generator.binomial(pairs, chance))


def test_macro_is_the_mean_over_categories() -> None:
    found = ranking.compare(contest([10, 10, 0, 5], category=("A", "A", "B", "B")), b"")
    assert found.macro.tolist() == [(1.0 + 0.25) / 2]


def test_a_row_that_wins_every_article_is_resolvably_better() -> None:
    better, worse = [9, 8, 9, 8, 9, 8, 9, 8], [5, 4, 4, 5, 5, 4, 5, 4]
    found = ranking.compare(contest(worse, better), b"")
    assert found.better.tolist() == [[False, False], [True, False]]


def test_rows_that_trade_wins_are_not_told_apart() -> None:
    found = ranking.compare(contest([9, 4, 8, 5, 9, 4, 8, 5], [5, 8, 4, 9, 5, 8, 4, 8]), b"")
    assert not found.better.any()


def test_the_same_answers_twice_are_the_same_rank() -> None:
    found = ranking.compare(contest([9, 4, 8, 5], [9, 4, 8, 5]), b"")
    assert not found.better.any()
    assert found.resolvable is None


def test_nothing_is_claimed_where_a_category_has_one_article() -> None:
    rows = [10, 10, 10, 10, 10, 10, 10], [0, 1, 0, 1, 0, 1, 0]
    found = ranking.compare(contest(*rows, category=("A",) * 6 + ("B",)), b"")
    assert not found.better.any()
    assert found.critical is None


def test_what_stands_above_the_table_is_what_a_difference_must_exceed() -> None:
    """Two rows that differ by 4, 2, 5 and 1 of 10 in four articles: mean 3, variance 10/3, so the standard error is
    sqrt(10/12) / 10 = 0.0913; Student's t with 3 degrees of freedom must exceed 3.182, and does so in four boards of
    five where the true difference lies 0.978, its quantile at 0.8, higher.
    """
    found = ranking.compare(contest([9, 7, 9, 7], [5, 5, 4, 6]), b"")
    assert found.resolvable == pytest.approx((3.182 + 0.978) * 0.0913, rel=0.06)  # the draws' own error


def test_a_rank_is_what_the_claims_leave_open() -> None:
    """Four rows, best first: the first beats all but the second; the second only the last; the third the last."""
    better = np.array([[0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
    found = ranking.rank_intervals(PairwiseClaims(np.zeros(4), better, 1.0, 0.1), [0, 1, 2, 3])
    assert found == [RankInterval(1, 2, 1), RankInterval(1, 3, 1), RankInterval(2, 3, 1), RankInterval(4, 4, 2)]


def test_only_contestants_take_ranks() -> None:
    better = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)
    found = ranking.rank_intervals(PairwiseClaims(np.zeros(3), better, 1.0, 0.1), [0, 2])
    assert found == [RankInterval(1, 1, 1), RankInterval(2, 2, 2)]


def test_no_contestant_no_standing() -> None:
    assert ranking.rank_intervals(PairwiseClaims(np.zeros(1), np.zeros((1, 1), dtype=bool), None, None), []) == []


def test_step_down_claims_what_one_step_leaves_open() -> None:
    """Two far from the rest: once those claims are made, fewer pairs are left, and less is asked of them."""
    generator = np.random.default_rng(5)
    rows = [*np.repeat(3.0, 9), 0.45, 0.15]
    deviations = generator.normal(size=(len(rows), ranking.RESAMPLES)).astype(np.float32)
    first, second = np.nonzero(np.triu(np.ones((len(rows), len(rows))), 1))
    size = np.abs(np.subtract.outer(rows, rows))[first, second] * 100
    size[-1] = 3.2  # the last two rows against each other
    claimed, critical = ranking._step_down(size, np.full(len(first), np.sqrt(2)), deviations.T, first, second)
    assert critical > 3.2
    assert claimed[-1]


@pytest.mark.slow
def test_equal_submissions_are_told_apart_on_at_most_one_board_in_twenty() -> None:
    """400 boards of 6 equal submissions on 60 articles; two standard errors of a share of 5 % are 2.2 %."""
    generator = np.random.default_rng(11)
    boards = (ranking.compare(simulated(generator, [0.8] * 6, 6, 3), f"{n}".encode()) for n in range(400))
    assert sum(bool(board.better.any()) for board in boards) <= 0.072 * 400


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "articles"), [(8, 12), (3, 2)])
def test_equal_submissions_are_not_told_apart_by_articles_of_unequal_size(
    rows: int, articles: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 boards, articles of 1 to 60 pairs; .055, and two standard errors of such a share."""
    monkeypatch.setattr(ranking, "RESAMPLES", 999)
    false = 0
    for seed in range(300):
        asked, correct = counts([0.7] * rows, articles, None, seed)
        sizes = np.array([pairs for _, _, pairs in asked])
        board = Contest(tuple(name for name, _, _ in asked), sizes, correct)
        false += bool(ranking.compare(board, f"{seed}".encode()).better.any())
    assert false / 300 <= 0.055 + 2 * (0.055 * 0.945 / 300) ** 0.5


@pytest.mark.slow
def test_of_a_thousand_rows_a_difference_of_five_points_is_claimed_in_most() -> None:
    """500 rows of accuracy .70 and 500 of .75 on 33,000 pairs; next to nothing is claimed between equals."""
    generator = np.random.default_rng(3)
    skill = [*np.repeat(np.log(0.75 / 0.25), 500), *np.repeat(np.log(0.70 / 0.30), 500)]
    found = ranking.compare(simulated(generator, skill, 220, 15), b"thousand")
    assert found.better[:500, 500:].mean() > 0.9
    assert found.better[:500, :500].sum() + found.better[500:, 500:].sum() <= 2
    assert not found.better[500:, :500].any()
