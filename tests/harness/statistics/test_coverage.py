"""A short form of tests/benchmarks/coverage.py: the promise of 95 % is kept, and by the naive interval it is not."""

from __future__ import annotations

import pytest

from tests.benchmarks.coverage import coverage


@pytest.mark.parametrize("articles", [10, 20, 67])
def test_intervals_hold_the_truth_as_often_as_they_promise(articles: int) -> None:
    assert 0.925 < coverage("ours", articles, 0.7, trials=500) < 0.975
    assert coverage("Wilson", articles, 0.7, trials=500) < 0.9
