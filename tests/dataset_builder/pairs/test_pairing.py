import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import chi2, multivariate_hypergeom

from dataset_builder import spec as specs
from dataset_builder.articles.article import Article, IllustratedArticle, RawStep, StoredPicture
from dataset_builder.articles.splitting import cut
from dataset_builder.pairs.pairing import admissible, choose, water_fill
from tests.dataset_builder.crawls import spec

KEYS, QUOTA = 100, 60


def illustrated(steps: list[tuple[str, str, int]]) -> IllustratedArticle:
    """An article whose steps are (headline, picture, method)."""
    article = Article("a", "t", "Cooking", tuple(RawStep(h, p, m) for h, p, m in steps))
    return IllustratedArticle(article, tuple(StoredPicture(p, 40, 40) for _, p, _ in steps))


def test_water_rises_evenly_and_the_rest_goes_one_each_in_order() -> None:
    assert water_fill({"a": 1, "b": 5, "c": 5}, 8) == {"a": 1, "b": 4, "c": 3}
    assert water_fill({"c": 5, "b": 5, "a": 1}, 8) == {"a": 1, "c": 4, "b": 3}
    assert water_fill({"a": 2, "b": 2}, 4) == {"a": 2, "b": 2}
    assert water_fill({"a": 3, "b": 0}, 0) == {"a": 0, "b": 0}


@given(st.lists(st.integers(0, 12), min_size=1, max_size=12), st.data())
def test_shares_meet_the_quota_and_differ_by_at_most_one_where_room_is_left(
    capacities: list[int], data: st.DataObject
) -> None:
    quota = data.draw(st.integers(0, sum(capacities)))
    capacity = {str(index): value for index, value in enumerate(capacities)}
    shares = water_fill(capacity, quota)
    assert sum(shares.values()) == quota
    assert shares.keys() == capacity.keys()
    level = max(shares.values())
    for name, share in shares.items():
        assert 0 <= share <= capacity[name]
        assert share >= level - 1 or share == capacity[name]


def test_steps_that_look_the_same_in_a_modality_are_never_paired() -> None:
    one = illustrated([("Boil", "p1", 0), ("boil", "p2", 0), ("Pour", "p1", 0), ("Drink", "p3", 0)])
    pairs = [(pair.earlier, pair.later) for pair in admissible(one, spec())]
    assert pairs == [(0, 3), (1, 2), (1, 3), (2, 3)]


def test_a_spec_can_keep_pairs_within_a_method() -> None:
    one = illustrated([("a", "1", 0), ("b", "2", 0), ("c", "3", 1), ("d", "4", 1)])
    inside = admissible(one, spec("[pairs]\nwithin_method = true"))
    assert [(pair.earlier, pair.later) for pair in inside] == [(0, 1), (2, 3)]
    assert len(list(admissible(one, spec()))) == 6


def test_the_line_is_cut_where_the_middle_of_a_group_lies() -> None:
    shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
    assert cut([1, 1, 1, 1], shares) == ["train", "train", "validation", "test"]
    assert cut([1, 1, 2], {"train": 0.5, "validation": 0.0, "test": 0.5}) == ["train", "train", "test"]
    assert cut([4], shares) == ["validation"]


def of_length(name: str, steps: int) -> IllustratedArticle:
    rows = tuple(RawStep(f"Do {n}", f"{name}-{n}", 0) for n in range(steps))
    return IllustratedArticle(
        Article(name, name, "Cooking", rows), tuple(StoredPicture(row.picture, 400, 400) for row in rows)
    )


def drawn_per_article(shipped: str, lengths: list[int]) -> np.ndarray:
    """Pairs drawn by a shipped spec from one category, under many keys; shape (keys, articles)."""
    articles = [of_length(f"a{number}", steps) for number, steps in enumerate(lengths)]
    quota = specs.Quota(train=QUOTA, validation=0, test=0)
    rules = replace(specs.load(shipped), categories={"Cooking": quota})
    rows = []
    for key in range(KEYS):
        (drawn,) = choose({("Cooking", ""): articles}, replace(rules, seed=f"key {key}"), "train")
        names = [pair.article_id for pair in drawn.pairs]
        assert len({pair.identity for pair in drawn.pairs}) == QUOTA  # without replacement
        rows.append([names.count(one.article_id) for one in articles])
    return np.array(rows)


@pytest.mark.parametrize(("shipped", "random"), [("wikiorder-v1-literal", True), ("wikiorder-v1", False)])
def test_only_the_literal_spec_draws_pairs_purely_at_random(shipped: str, random: bool) -> None:
    """Pairs per article of a random draw without replacement are multivariate hypergeometric, in mean and in spread."""
    lengths = [3, 4, 5, 6, 7, 8, 10, 12, 14, 16]
    counts = drawn_per_article(shipped, lengths)
    law = multivariate_hypergeom([n * (n - 1) // 2 for n in lengths], QUOTA)
    inverse = np.linalg.pinv(law.cov())  # of rank articles - 1, since the counts sum to the quota
    freedom = len(lengths) - 1
    off = counts - law.mean()
    mean = off.mean(axis=0)
    p_mean = chi2.sf(KEYS * mean @ inverse @ mean, freedom)
    spread = np.einsum("ki,ij,kj->", off, inverse, off)
    p_spread = 2 * min(chi2.sf(spread, KEYS * freedom), chi2.cdf(spread, KEYS * freedom))
    assert (min(p_mean, p_spread) > 0.01) == random, (p_mean, p_spread)
