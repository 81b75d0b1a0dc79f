"""The rule of earlier releases: every outcome of its coins leaves one order that agrees with all labels."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from tests.dataset_builder.pairs.coin_canaries import place, recorded_positions

KEY = bytes(range(32))


def test_a_pair_that_others_imply_is_never_a_canary() -> None:
    chain = {"x": [(0, 1), (1, 2), (0, 2)]}
    assert (0, 2) not in place(chain, 1, KEY)["x"]
    with pytest.raises(InputError, match="only 1 of 3 canaries"):
        place({"x": [(0, 1), (1, 2), (0, 2)]}, 3, KEY)


edges = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda e: e[0] < e[1]), min_size=1, max_size=20)


@given(edges=edges, seed=st.integers(0, 9))
def test_whichever_way_the_coins_fall_one_order_agrees_with_all_labels(edges: set[tuple[int, int]], seed: int) -> None:
    draw = random.Random(seed)
    for count in range(len(edges), 0, -1):
        try:
            canaries = place({"x": sorted(edges)}, count, KEY)["x"]
            break
        except InputError:
            continue
    before = [(b, a) if (a, b) in canaries and draw.random() < 0.5 else (a, b) for a, b in sorted(edges)]
    positions = recorded_positions(8, before)
    assert sorted(positions) == list(range(8))
    assert all(positions[a] < positions[b] for a, b in before)


def test_without_a_false_label_the_true_positions_are_recorded() -> None:
    assert recorded_positions(4, [(0, 3), (1, 2)]) == [0, 1, 2, 3]
    assert recorded_positions(4, [(3, 0), (1, 2)]) == [3, 0, 1, 2]
