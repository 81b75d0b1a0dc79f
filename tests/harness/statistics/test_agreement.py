"""Agreement with canaries: the exact distribution against brute force, and the alarm."""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, structs
from scipy.stats import binom

from harness.contract import publication, release
from harness.contract.result import CanaryVerdict, Trust
from harness.records import GroundTruth
from harness.statistics import agreement
from tests.sets import tiny_set


def brute_force(steps: int, edges: list[tuple[int, int]]) -> list[float]:
    """Try every order."""
    counts = [0] * (len(edges) + 1)
    for order in permutations(range(steps)):
        counts[sum(order.index(one) < order.index(other) for one, other in edges)] += 1
    return [count / sum(counts) for count in counts]


graphs = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda e: e[0] != e[1]), min_size=1)


@given(edges=graphs)
@settings(max_examples=25, deadline=None)
def test_counting_subsets_is_the_same_as_trying_every_order(edges: set[tuple[int, int]]) -> None:
    assert agreement.exact(6, sorted(edges)) == pytest.approx(brute_force(6, sorted(edges)), abs=1e-12)


def test_of_two_pairs_in_a_chain_both_agree_in_one_order_of_six() -> None:
    assert agreement.distribution([("a", "b"), ("b", "c")]) == pytest.approx([1 / 6, 4 / 6, 1 / 6])
    assert agreement.distribution([("a", "b"), ("c", "d")]) == pytest.approx([1 / 4, 2 / 4, 1 / 4])


def test_a_cycle_can_be_neither_right_nor_wrong_as_a_whole() -> None:
    assert agreement.distribution([("a", "b"), ("b", "c"), ("c", "a")]) == pytest.approx([0, 1 / 2, 1 / 2, 0])


def test_components_are_independent() -> None:
    """Two articles of three steps, against all 36 combinations of their orders."""
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("x", "y"), ("z", "y")]
    counts = np.zeros(6)
    for one in permutations("abc"):
        for other in permutations("xyz"):
            order = one + other
            counts[sum(order.index(first) < order.index(second) for first, second in edges)] += 1
    assert agreement.distribution(edges) == pytest.approx(list(counts / 36))


def test_drawn_orders_give_the_same_and_never_too_little_at_the_end() -> None:
    edges = list(combinations(range(7), 2))
    exact, drawn = agreement.exact(7, edges), agreement.drawn(7, edges)
    assert np.abs(exact - drawn).max() < 5 * 0.5 / np.sqrt(agreement.DRAWS)
    assert drawn[-1] >= 1 / (agreement.DRAWS + 1)
    assert np.array_equal(agreement.drawn(7, edges), drawn)


def article(name: str, order: list[int]) -> dict[str, tuple[GroundTruth, tuple[str, str]]]:
    """Return the recorded ground truth and the names of both steps of all pairs. order: the position of each step."""
    return {
        f"{name}{one}{other}": (
            GroundTruth(f"{name}{one}{other}", int(order[one] < order[other]), name, (order[one], order[other])),
            (f"{name} {one}", f"{name} {other}"),
        )
        for one, other in combinations(range(len(order)), 2)
    }


def verdict(articles: int, draw: np.random.Generator, read: bool) -> CanaryVerdict:
    """Ask about articles of five steps. The predictor reads the recorded labels, or answers in order throughout."""
    rows = {key: row for n in range(articles) for key, row in article(f"a{n} ", draw.permutation(5).tolist()).items()}
    truths = {name: truth for name, (truth, _) in rows.items()}
    predictions = {name: float(truth.label if read else 1) for name, truth in truths.items()}
    found = agreement.canary_verdict(truths, predictions, {name: steps for name, (_, steps) in rows.items()})
    assert found is not None
    return found


def test_a_reader_of_recorded_labels_is_found_with_four_articles() -> None:
    found = verdict(4, np.random.default_rng(1), read=True)
    assert (found.asked, found.agreements, found.alarm) == (40, 40, True)
    assert found.p == pytest.approx((1 / 120) ** 4, rel=0.01)


def test_an_honest_predictor_has_p_values_at_most_as_small_as_their_share() -> None:
    """The binomial distribution rejects 5 % of honest predictors 12 % of the time, since labels hang together."""
    draw = np.random.default_rng(2)
    found = [verdict(6, draw, read=False) for _ in range(400)]
    assert np.mean([one.p <= 0.05 for one in found]) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)
    naive = np.mean([binom.sf(one.agreements - 1, one.asked, 0.5) <= 0.05 for one in found if one.agreements])
    assert naive > 0.08


def test_coins_by_themselves_are_binomial() -> None:
    truths = {f"p{n}": GroundTruth(f"p{n}", n % 2, "a", (n % 2 ^ 1, n % 2)) for n in range(20)}
    found = agreement.canary_verdict(truths, dict.fromkeys(truths, 1.0))
    assert found == CanaryVerdict(asked=20, agreements=10, p=float(f"{binom.sf(9, 20, 0.5):.3g}"), alarm=False)


def test_a_set_of_an_earlier_release_has_coins(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path)
    canaries = {truth.pair_id: truth for truth in frozen.truths[:3]}
    assert release.canary_steps(frozen, canaries) is None
    manifest = structs.replace(frozen.manifest, details={"canary_articles": 1})
    now = release.canary_steps(type(frozen)(frozen.root, "0" * 64, manifest, frozen.questions, frozen.truths), canaries)
    assert now == {pair.pair_id: (pair.first.image, pair.second.image) for pair in frozen.questions[:3]}


def test_the_public_verdict_is_the_alarm_alone() -> None:
    known = Trust(stateful=False, probed=0, canaries=CanaryVerdict(asked=400, agreements=300, p=1e-24, alarm=True))
    assert publication._public_trust(known).canaries == CanaryVerdict(alarm=True)
    assert publication._public_trust(Trust(stateful=False, probed=0)).canaries is UNSET
