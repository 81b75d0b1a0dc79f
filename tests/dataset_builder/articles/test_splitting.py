from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.articles.article import Article, IllustratedArticle
from dataset_builder.articles.splitting import split
from tests.dataset_builder.crawls import spec

QUOTA = "{ train = 4, validation = 2, test = 2 }"
TWO = spec(categories=f'"Cooking" = {QUOTA}\n"Travel" = {QUOTA}')
members = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["Cooking", "Travel"])), min_size=1, max_size=40)


@given(members)
def test_no_group_is_ever_cut_apart(drawn: list[tuple[int, str]]) -> None:
    """drawn: of each article, its group and its category; groups may span categories."""
    articles = [IllustratedArticle(Article(f"a{n}", "t", category, ()), ()) for n, (_, category) in enumerate(drawn)]
    groups = {f"a{n}": f"g{group}" for n, (group, _) in enumerate(drawn)}
    homes, placed = defaultdict(set), []
    for subset, cells in split(articles, groups, TWO).items():
        for (category, _), inside in cells.items():
            for name in inside:
                assert drawn[int(name[1:])][1] == category
                homes[groups[name]].add(subset)
                placed.append(name)
    assert all(len(subsets) == 1 for subsets in homes.values())
    assert sorted(placed) == sorted(groups)


def test_articles_are_shared_out_as_the_pairs_are() -> None:
    articles = [IllustratedArticle(Article(f"a{n}", "t", "Cooking", ()), ()) for n in range(40)]
    subsets = split(articles, {f"a{n}": f"a{n}" for n in range(40)}, TWO)
    counts = {subset: sum(map(len, cells.values())) for subset, cells in subsets.items()}
    assert counts == {"train": 20, "validation": 10, "test": 10}
