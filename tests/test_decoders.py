"""Counts per article give a hidden set's labels away; released scores with enough noise do not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks import decoders


def test_ten_submissions_with_counts_per_article_recover_nearly_all_labels() -> None:
    for submissions in (8, 10):
        assert decoders.recovered_from_counts(submissions, np.random.default_rng(3)) > 0.95


def test_a_decoder_takes_the_labels_that_fit_the_counts() -> None:
    """Answers 11 with one right and 10 with none right leave the labels 01 alone."""
    answers = np.array([[[1, 1]], [[1, 0]]])
    assert decoders.from_counts(answers, np.array([[1], [0]])).tolist() == [[0, 1]]


def test_a_score_is_repeated_unless_it_is_better_by_more_than_the_noise() -> None:
    hidden = np.arange(1_200) % 2
    public = decoders.ReleasedScores(hidden, noise=4)  # 0.0577
    half = np.zeros(1_200, dtype=np.int64)
    assert public.look(half) == 0.5
    better = half.copy()
    better[1:121:2] = 1  # 0.55
    assert public.look(better) == 0.5
    better[1:161:2] = 1  # 0.567
    assert public.look(better) == pytest.approx(0.57)


def mean_recovered(looks: int, noise: float) -> float:
    """Over sixteen sets: one alone scatters by 0.014, as random answers do."""
    draws = (np.random.default_rng((5, turn)) for turn in range(16))
    return float(np.mean([decoders.recovered_from_releases(looks, noise, draw) for draw in draws]))


@pytest.mark.parametrize("looks", [10, 100, 1_000])
def test_adaptive_submissions_recover_little_from_released_scores(looks: int) -> None:
    assert mean_recovered(looks, decoders.ENOUGH_NOISE) <= 0.52


def test_noise_of_one_standard_error_is_not_enough_for_a_thousand_submissions() -> None:
    assert mean_recovered(1_000, 1) > 0.53
