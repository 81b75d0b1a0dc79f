"""Canaries must look like every other pair, in the answers and by their graph, and still be pure coin flips."""

from collections import Counter, defaultdict
from graphlib import TopologicalSorter
from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dataset_builder.articles.article import Article, IllustratedArticle, RawStep, StoredPicture
from dataset_builder.build import BuildRequest, build
from dataset_builder.pairs.canaries import CanaryRule, apportion, articles_wanted, choose_articles, shuffle
from dataset_builder.pairs.pairing import share_out
from harness import keyed
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
    canaries = release.canaries(frozen, KEY)
    assert frozen.manifest.details["canaries"] == len(canaries)
    assert len(frozen.questions) == 300 + len(canaries)
    per_article = Counter(truth.article_id for truth in frozen.truths)
    assert abs(len(canaries) - CANARIES) <= max(per_article.values())  # whole articles give about the number wanted


def test_all_pairs_of_a_canary_article_are_canaries(frozen: frozen_set.FrozenSet) -> None:
    canaries = release.canaries(frozen, KEY)
    secret = {truth.article_id for truth in canaries.values()}
    assert frozen.manifest.details["canary_articles"] == len(secret)
    assert all((truth.article_id in secret) == (truth.pair_id in canaries) for truth in frozen.truths)


def test_the_number_of_pairs_does_not_tell_a_canary_article(frozen: frozen_set.FrozenSet) -> None:
    per_article = Counter(truth.article_id for truth in frozen.truths)
    assert max(per_article.values()) - min(per_article.values()) <= 1


def test_canaries_are_half_inverted_as_other_pairs_are(frozen: frozen_set.FrozenSet) -> None:
    labels = Counter(truth.label for truth in release.canaries(frozen, KEY).values())
    assert abs(labels[0] - labels[1]) <= 1


def test_pairs_of_canary_articles_follow_the_public_rule_from_their_recorded_positions(
    frozen: frozen_set.FrozenSet,
) -> None:
    """Spec and seed are public, so anybody with the ground truth can repeat the draw; it must fit every article."""
    seed = spec().key
    drawn: dict[str, set[tuple[int, ...]]] = defaultdict(set)
    for truth in frozen.truths:
        drawn[truth.article_id].add(tuple(sorted(truth.positions)))
    for name, pairs in drawn.items():
        by_rank = sorted(combinations(range(8), 2), key=lambda pair, name=name: keyed.digest(seed, "pair", name, *pair))
        assert pairs == set(by_rank[: len(pairs)])


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
    sets: list[frozen_set.FrozenSet] = []
    for name, key in (("a", KEY), ("b", bytes(32))):
        build(BuildRequest(what, raw, tmp_path / name, key=key, workers=1))
        sets.append(frozen_set.load(tmp_path / name / "test"))
    one, other = ({truth.article_id for truth in frozen.truths} for frozen in sets)
    assert one == other
    assert not {p.pair_id for p in sets[0].questions} & {p.pair_id for p in sets[1].questions}


def test_shares_are_proportional_and_sum_up() -> None:
    assert apportion(400, {"a": 5000, "b": 2000, "c": 1000}) == {"a": 250, "b": 100, "c": 50}
    assert apportion(3, {"b": 1, "a": 1}) == {"b": 1, "a": 2}
    assert apportion(0, {"a": 0}) == {"a": 0}


def test_the_key_does_not_change_the_pairs_of_a_set_without_canaries(tmp_path: Path) -> None:
    raw = crawl(tmp_path / "raw", [article(n) for n in range(12)])
    sets = []
    for name, key in (("a", KEY), ("b", bytes(32))):
        build(BuildRequest(structs.replace(spec(), canaries=0), raw, tmp_path / name, key=key, workers=1))
        frozen = frozen_set.load(tmp_path / name / "test")
        sets.append({frozenset((pair.first.image, pair.second.image)) for pair in frozen.questions})
    assert sets[0] == sets[1]


COOKING = ("Cooking", "")
TRAVEL = ("Travel", "")


def test_articles_of_one_duplicate_group_are_canaries_together() -> None:
    names = [f"a{number}" for number in range(20)]
    groups = {name: names[number - number % 2] for number, name in enumerate(names)}
    chosen = choose_articles({COOKING: names}, {COOKING: 6}, CanaryRule(0, KEY, groups))
    assert len(chosen) == 6
    assert {groups[name] for name in chosen} == {name for name in chosen if groups[name] == name}


def test_a_group_that_fits_into_no_quota_is_no_canary() -> None:
    groups = {"a": "a", "b": "a", "c": "c"}
    candidates = {COOKING: ["a", "c"], TRAVEL: ["b"]}
    assert choose_articles(candidates, {COOKING: 1, TRAVEL: 0}, CanaryRule(0, KEY, groups)) == {"c"}
    with pytest.raises(InputError, match="'Travel': no article can be a canary, wanted 1 of 1"):
        choose_articles({TRAVEL: ["b"], COOKING: ["a"]}, {TRAVEL: 1, COOKING: 0}, CanaryRule(0, KEY, groups))


def test_the_share_of_canary_articles_is_the_share_of_their_pairs() -> None:
    assert articles_wanted(60, 300, 72) == 12
    assert articles_wanted(1, 1000, 10) == 1
    assert articles_wanted(0, 1000, 10) == 0


@given(capacities=st.lists(st.integers(1, 9), min_size=2, max_size=12), secret=st.integers(1, 6), share=st.floats(0, 1))
def test_articles_that_are_no_canaries_give_the_quota_at_one_water_level(
    capacities: list[int], secret: int, share: float
) -> None:
    capacity = {str(index): value for index, value in enumerate(capacities)}
    canaries = list(capacity)[: min(secret, len(capacity) - 1)]
    quota = round(share * sum(value for name, value in capacity.items() if name not in canaries))
    shares = share_out(capacity, quota, canaries, KEY)
    assert sum(count for name, count in shares.items() if name not in canaries) == quota
    level = max(shares.values())
    assert all(count >= level - 1 or count == capacity[name] for name, count in shares.items())


def illustrated(name: str, pictures: str, methods: str = "0000") -> IllustratedArticle:
    steps = tuple(
        RawStep(f"{picture} of {name}", picture, int(method)) for picture, method in zip(pictures, methods, strict=True)
    )
    return IllustratedArticle(
        Article(name, "t", "Cooking", steps), tuple(StoredPicture(picture, 40, 40) for picture in pictures)
    )


def test_every_order_of_steps_is_equally_likely() -> None:
    counts = Counter(
        tuple(picture.name for picture in shuffle(illustrated("a", "wxyz"), seed.to_bytes(32)).pictures)
        for seed in range(4800)
    )
    assert set(counts) == set(permutations("wxyz"))
    assert sum((count - 200) ** 2 / 200 for count in counts.values()) < 49.7  # chi squared, 23 degrees, p = 0.001


def test_a_step_takes_its_headline_and_picture_along_and_methods_stay() -> None:
    shuffled = shuffle(illustrated("a", "wxyz", "0012"), KEY)
    assert [step.method for step in shuffled.article.steps] == [0, 0, 1, 2]
    assert [step.picture for step in shuffled.article.steps] == [picture.name for picture in shuffled.pictures]


def test_canary_articles_that_share_pictures_agree_on_their_order() -> None:
    one = [picture.name for picture in shuffle(illustrated("a", "wxyz"), KEY).pictures if picture.name in "xyz"]
    other = [picture.name for picture in shuffle(illustrated("b", "zvyx"), KEY).pictures if picture.name in "xyz"]
    assert one == other
