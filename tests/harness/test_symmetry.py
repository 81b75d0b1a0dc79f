"""Consistency figures, by hand."""

from __future__ import annotations

from harness import symmetry
from harness.records import Answer


def answer(pair: str, first: int, second: int, article: str = "t") -> Answer:
    return Answer(pair, int(first < second), article, (first, second))


def test_a_swap_should_flip_the_answer() -> None:
    answers = [answer("p", 0, 1), answer("q", 0, 2), answer("r", 2, 1), answer("s", 0, 3)]
    asked, again = {"p": 0.9, "q": 0.8, "r": 0.7, "s": 0.5}, {"p": 0.2, "q": 0.6, "r": 0.3}
    found = symmetry.swapped(asked, again, answers)
    assert found == {"pairs": 3, "consistent": 0.666667, "both_orders": 0.333333, "mean_departure": 0.166667}


def test_always_one_is_never_consistent_and_never_right_both_ways() -> None:
    found = symmetry.swapped({"p": 1.0}, {"p": 1.0}, [answer("p", 0, 1)])
    assert (found["consistent"], found["both_orders"], found["mean_departure"]) == (0.0, 0.0, 1.0)


def test_nothing_asked_again_is_no_share() -> None:
    assert symmetry.swapped({"p": 1.0}, {}, [answer("p", 0, 1)])["consistent"] is None


def test_a_repeat_should_change_nothing() -> None:
    found = symmetry.repeated({"p": 0.4, "q": 0.9}, {"p": 0.6, "q": 0.9})
    assert found == {"pairs": 2, "consistent": 0.5, "largest_change": 0.2}


def test_the_canary_alarm_rings_at_248_of_400() -> None:
    assert symmetry.canary_verdict(247, 400)["alarm"] is False
    assert symmetry.canary_verdict(248, 400)["alarm"] is True


def test_a_cycle_of_three_steps_is_counted_however_the_pairs_were_asked() -> None:
    """0 before 1, 1 before 2, but 2 before 0: a cycle. In article u the same pairs are answered in line."""
    answers = [answer("p", 0, 1), answer("q", 2, 1), answer("r", 0, 2)]
    answers += [answer("x", 0, 1, "u"), answer("y", 2, 1, "u"), answer("z", 0, 2, "u"), answer("w", 0, 7, "u")]
    predictions = {"p": 0.9, "q": 0.1, "r": 0.2, "x": 0.9, "y": 0.1, "z": 0.8, "w": 1.0}
    assert symmetry.transitivity(answers, predictions) == {"triads": 2, "cyclic": 1}
