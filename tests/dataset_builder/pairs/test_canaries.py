"""Canaries must look like every other pair, in the answers and by their graph, and still be pure coin flips."""

import random
from collections import Counter, defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dataset_builder.build import BuildRequest, build
from dataset_builder.pairs.canaries import apportion, place, recorded_positions
from harness.contract import frozen_set, release
from harness.errors import InputError
from tests.dataset_builder.crawls import article, crawl, spec

KEY = bytes(range(32))
CANARIES = 60


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> frozen_set.FrozenSet:
    folder = tmp_path_factory.mktemp("hidden")
    raw = crawl(folder / "raw", [article(n, steps=8) for n in range(80)])
    what = spec(categories='"Cooking" = { train = 20, validation = 6, test = 300 }')
    what = structs.replace(what, canaries=CANARIES)
    build(BuildRequest(what, raw, folder / "out", key=KEY, workers=1))
    return frozen_set.load(folder / "out/test")


def true_label(frozen: frozen_set.FrozenSet, number: int) -> int:
    """What the headlines say: "Do thing a of ..." comes before "Do thing b of ..."."""
    pair = frozen.questions[number]
    return int(pair.first.headline < pair.second.headline)


def test_canaries_come_on_top_of_the_pairs_that_count(frozen: frozen_set.FrozenSet) -> None:
    assert frozen.manifest.visibility == "hidden"
    assert frozen.manifest.counts == {"Cooking": 300}
    assert frozen.manifest.details["canaries"] == CANARIES
    assert len(frozen.questions) == 300 + CANARIES
    assert len(release.canaries(frozen, KEY)) == CANARIES


def test_labels_that_count_are_true_and_exactly_halved(frozen: frozen_set.FrozenSet) -> None:
    canaries = release.canaries(frozen, KEY)
    labels = Counter()
    for number, answer in enumerate(frozen.truths):
        if answer.pair_id not in canaries:
            assert answer.label == true_label(frozen, number)
            labels[answer.label] += 1
    assert labels == {0: 150, 1: 150}


def test_a_canarys_label_is_a_coin_that_ignores_the_truth_and_the_order_of_asking(frozen: frozen_set.FrozenSet) -> None:
    canaries = release.canaries(frozen, KEY)
    agree = [a.label == true_label(frozen, n) for n, a in enumerate(frozen.truths) if a.pair_id in canaries]
    ones = [answer.label for answer in canaries.values()]
    for flips in (agree, ones):  # 60 fair coins stay within 15 and 45 all but once in 20,000 sets; the key is fixed
        assert 15 < sum(flips) < 45


def test_recorded_orders_never_contradict_each_other(frozen: frozen_set.FrozenSet) -> None:
    """Whoever holds the answers but not the key finds one order per article that every label agrees with."""
    places: dict[str, dict[tuple[str, str], set[int]]] = defaultdict(lambda: defaultdict(set))
    before: dict[str, TopologicalSorter] = defaultdict(TopologicalSorter)
    for pair, answer in zip(frozen.questions, frozen.truths, strict=True):
        steps = (pair.first, pair.second)
        for step, position in zip(steps, answer.positions, strict=True):
            places[answer.article_id][step.headline, step.image].add(position)
        earlier, later = steps if answer.label else reversed(steps)
        before[answer.article_id].add(later.image, earlier.image)
    for article_id, steps in places.items():
        assert all(len(positions) == 1 for positions in steps.values())
        assert len({next(iter(p)) for p in steps.values()}) == len(steps)
        before[article_id].prepare()  # raises CycleError where labels go in a circle


def test_only_the_key_tells_a_canary(frozen: frozen_set.FrozenSet) -> None:
    other = bytes(32)
    with pytest.raises(InputError, match="not the release key"):
        release.canaries(frozen, other)
    text = (frozen.root / "answers/answers.jsonl").read_text() + (frozen.root / "questions.jsonl").read_text()
    assert "canar" not in text
    assert KEY.hex() not in (frozen.root / "manifest.json").read_text()


def test_without_a_key_a_set_is_public_and_has_no_canaries(tmp_path: Path) -> None:
    build(BuildRequest(spec(), crawl(tmp_path / "raw", [article(n) for n in range(12)]), tmp_path / "out", workers=1))
    frozen = frozen_set.load(tmp_path / "out/test")
    assert frozen.manifest.visibility == "public"
    assert len(frozen.questions) == 6


def test_the_key_changes_orders_and_ids_but_not_which_articles_are_tested(tmp_path: Path) -> None:
    raw = crawl(tmp_path / "raw", [article(n) for n in range(12)])
    what = structs.replace(spec(), canaries=2)
    sets = []
    for name, key in (("a", KEY), ("b", bytes(32))):
        build(BuildRequest(what, raw, tmp_path / name, key=key, workers=1))
        sets.append(frozen_set.load(tmp_path / name / "test"))
    one, other = ({frozenset((p.first.image, p.second.image)) for p in frozen.questions} for frozen in sets)
    assert one == other
    assert not {p.pair_id for p in sets[0].questions} & {p.pair_id for p in sets[1].questions}


def test_shares_are_proportional_and_sum_up() -> None:
    assert apportion(400, {"a": 5000, "b": 2000, "c": 1000}) == {"a": 250, "b": 100, "c": 50}
    assert apportion(3, {"b": 1, "a": 1}) == {"b": 1, "a": 2}
    assert apportion(0, {"a": 0}) == {"a": 0}


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
