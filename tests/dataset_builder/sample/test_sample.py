"""The calibrated sample: what ships is what is drawn, and its balance makes the best accuracy known."""

import hashlib
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import chain, combinations, groupby
from pathlib import Path
from typing import Any

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from dataset_builder.sample import sample
from dataset_builder.sample.drawing.png import SIGNATURE
from dataset_builder.sample.sample import DrawnArticle, SampleWords
from harness import cli, keyed
from harness.contract import frozen_set
from harness.contract import shipped as shipping
from harness.contract.frozen_set import SUBSETS, FrozenSet

SHIPPED = shipping.sample()
DIGESTS = {
    "train": "2f709a7a7b665a09f0b3677263f62cac89edc77c7ae5569039a9017b83ae0886",
    "validation": "f610d155ea81504f66678fb21959c4ee80c8f5e2e348af6cb863d4d84bfd2cd2",
    "test": "9d17152de9c1a96cada72cf5ead3cb7fd3469ca5f8323888a8fa23908d17cce6",
}
WORDS = sample.read_words()


@cache
def shipped(subset: str) -> FrozenSet:
    return frozen_set.load(SHIPPED / subset)


@pytest.mark.parametrize("subset", SUBSETS)
def test_what_ships_is_whole_and_has_its_pinned_digest(subset: str) -> None:
    assert shipped(subset).digest == DIGESTS[subset]


def test_what_ships_is_small() -> None:
    sizes = [path.stat().st_size for subset in SUBSETS for path in (SHIPPED / subset).rglob("*") if path.is_file()]
    assert sum(sizes) <= 5_000_000
    assert max(sizes) <= 2_000_000
    assert shipping.ARCHIVE.stat().st_size <= 2_000_000


def test_an_article_of_each_category_drawn_again_gives_the_pictures_that_ship() -> None:
    names = {path.stem for subset in SUBSETS for path in (SHIPPED / subset / "images").rglob("*.png")}
    for _, inside in groupby(sample.articles(WORDS), key=lambda article: article.category):
        article = next(inside)
        drawn = sample.pictures(article, WORDS.colours[article.colour])
        found = sum(hashlib.sha256(content).hexdigest() in names for content in drawn)
        assert found >= 3  # five pairs of an article need not show each of its steps


@pytest.mark.slow
def test_the_whole_sample_drawn_again_is_the_one_that_ships(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "sample", "--out", str(tmp_path / "sample")])
    assert not stop.value.code
    for subset in SUBSETS:
        assert frozen_set.load(tmp_path / "sample" / subset).digest == DIGESTS[subset]


def test_the_folder_of_the_sample_is_printed_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "sample", "--path"])
    assert not stop.value.code
    assert capsys.readouterr().out == f"{SHIPPED}\n"


@pytest.mark.parametrize("options", [[], ["--path", "--fresh", "2027"], ["--path", "--out", "somewhere"]])
def test_either_a_folder_to_make_or_the_path_is_asked_for(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "sample", *options])
    assert stop.value.code == 2
    assert "either --out FOLDER" in capsys.readouterr().err


def test_another_draw_of_the_same_words_has_other_kinds_headlines_and_pictures() -> None:
    shipped, fresh = list(sample.articles(WORDS)), list(sample.articles(WORDS, "2027"))
    assert {article.title for article in fresh} == {article.title for article in shipped}
    assert Counter(article.kind for article in fresh) == Counter(article.kind for article in shipped)
    assert {article.identity for article in fresh}.isdisjoint(article.identity for article in shipped)
    kinds = {article.title: article.kind for article in shipped}
    same = sum(kinds[article.title] == article.kind for article in fresh)
    assert 0.15 * len(fresh) < same < 0.35 * len(fresh)  # one in four by chance
    first = shipped[0]
    again = next(article for article in fresh if article.title == first.title)
    drawn = [set(sample.pictures(article, WORDS.colours[article.colour])) for article in (first, again)]
    assert drawn[0].isdisjoint(drawn[1])


FUNCTION_WORDS = {
    "a",
    "about",
    "after",
    "at",
    "from",
    "here",
    "in",
    "more",
    "of",
    "on",
    "some",
    "the",
    "to",
    "under",
    "up",
}


def words_of(articles: Iterable[DrawnArticle], words: SampleWords) -> set[str]:
    texts = [text for article in articles for text in (article.title, *sample.headlines(article, words))]
    return {word for text in texts for word in re.findall(r"\w+", text.casefold())}


def test_no_word_that_a_fresh_draw_may_choose_is_in_the_sample_but_function_words() -> None:
    fresh = tomllib.loads(sample.WORDS.read_text(encoding="utf-8"))["fresh"]
    texts = [*chain(*fresh["cues"]), *fresh["tails"], *fresh["tips"], *fresh["colours"]]
    for row in fresh["categories"].values():
        texts += [row["object"], row["title"].format(colour="", thing="")]
    pool = {word for text in texts for word in re.findall(r"\w+", text.casefold())}
    assert len(pool) > 150
    assert pool & words_of(sample.articles(WORDS), WORDS) <= FUNCTION_WORDS


def test_a_fresh_draw_has_as_many_articles_of_each_kind_under_other_titles() -> None:
    words = sample.fresh_words("2027")
    fresh, shipped = list(sample.articles(words, "2027")), list(sample.articles(WORDS))
    assert words_of(fresh, words) & words_of(shipped, WORDS) <= FUNCTION_WORDS
    assert len({article.title for article in fresh}) == len(shipped) == 600
    assert {article.title for article in fresh}.isdisjoint(article.title for article in shipped)
    assert Counter(article.kind for article in fresh) == Counter(article.kind for article in shipped)


def text_pairs(articles: Iterable[DrawnArticle], words: SampleWords) -> list[tuple[str, str, int]]:
    """All pairs of steps of the articles whose texts tell the order; half of them the wrong way round."""
    pairs = []
    for article in articles:
        if article.kind in ("text", "both"):
            for earlier, later in combinations(sample.headlines(article, words), 2):
                label = int(keyed.digest(b"test", "label", article.identity, earlier, later)[0] & 1)
                pairs.append((earlier, later, 1) if label else (later, earlier, 0))
    return pairs


def test_a_bag_of_words_learnt_on_the_sample_is_lost_on_a_fresh_draw_that_its_rule_solves() -> None:
    taught = text_pairs(sample.articles(WORDS, "taught"), WORDS)
    vectors = TfidfVectorizer().fit([text for first, second, _ in taught for text in (first, second)])

    def features(pairs: list[tuple[str, str, int]]) -> Any:
        return vectors.transform([first for first, _, _ in pairs]) - vectors.transform([text for _, text, _ in pairs])

    model = LogisticRegression(max_iter=1000).fit(features(taught), [label for _, _, label in taught])

    def accuracy(pairs: list[tuple[str, str, int]]) -> float:
        return float(model.score(features(pairs), [label for _, _, label in pairs]))

    assert accuracy(text_pairs(sample.articles(WORDS), WORDS)) > 0.95
    for name in ("2027", "2028", "another"):
        words = sample.fresh_words(name)
        pairs = text_pairs(sample.articles(words, name), words)
        assert len(pairs) == 3000
        assert abs(accuracy(pairs) - 0.5) < 0.04  # four standard errors of 3,000 pairs
        stages = [{option.split()[0] for option in stage} for stage in words.categories["Travel"].stages]
        stage_of = {cue: number for number, cues in enumerate(stages) for cue in cues}
        assert len(stage_of) == sum(map(len, stages)) == 4 * sample.STEPS
        assert all((stage_of[a.split()[0]] < stage_of[b.split()[0]]) == bool(label) for a, b, label in pairs)


@pytest.mark.parametrize("name", ["Two Words", "a_b", "x" * 33])
def test_a_name_that_no_set_can_have_is_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "sample", "--fresh", name, "--out", str(tmp_path / "set")])
    assert stop.value.code == 2
    assert repr(name) in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(("subset", "articles", "pairs"), [("train", 10, 50), ("validation", 2, 10), ("test", 3, 30)])
def test_kinds_are_equal_and_labels_exactly_half(subset: str, articles: int, pairs: int) -> None:
    labels: dict[tuple[str, str], list[int]] = defaultdict(list)
    members: dict[tuple[str, str], set[str]] = defaultdict(set)
    for pair, answer in zip(shipped(subset).questions, shipped(subset).truths, strict=True):
        labels[pair.category, answer.strata["kind"]].append(answer.label)
        members[pair.category, answer.strata["kind"]].add(answer.article_id)
    assert labels.keys() == {(category, kind) for category in sample.SCENES for kind in sample.KINDS}
    assert {len(found) for found in labels.values()} == {pairs}
    assert {2 * sum(found) for found in labels.values()} == {pairs}
    assert {len(found) for found in members.values()} == {articles}


def test_the_best_expected_accuracy_is_known() -> None:
    """Who sees the order is right; who does not is right half the time."""
    kinds = Counter(answer.strata["kind"] for answer in shipped("test").truths)

    def best(*told: str) -> float:
        return sum(count * (1.0 if kind in told else 0.5) for kind, count in kinds.items()) / sum(kinds.values())

    assert best("both", "text") == 0.75
    assert best("both", "vision") == 0.75
    assert best("both", "text", "vision") == 0.875


def test_no_title_and_no_picture_stands_in_two_subsets() -> None:
    for found in (
        [{pair.title for pair in shipped(subset).questions} for subset in SUBSETS],
        [{p.name for p in (SHIPPED / subset / "images").rglob("*.png")} for subset in SUBSETS],
    ):
        assert sum(map(len, found)) == len(set().union(*found))


def test_the_two_pictures_of_a_pair_are_files_of_one_size() -> None:
    for pair in shipped("test").questions:
        assert len({shipped("test").picture(step).stat().st_size for step in (pair.first, pair.second)}) == 1


def test_a_tip_is_no_stage_and_a_stage_stands_only_where_the_text_tells_the_order() -> None:
    for article in sample.articles(WORDS):
        stages = {text for stage in WORDS.categories[article.category].stages for text in stage}
        tips = {*WORDS.tips, *WORDS.categories[article.category].tips}
        found = sample.headlines(article, WORDS)
        assert len(set(found)) == sample.STEPS
        assert not tips & stages
        assert tips.issuperset(found) == (article.kind in ("vision", "neither"))


def test_pictures_are_palette_png_of_128_pixels_and_at_most_32_colours() -> None:
    article = next(sample.articles(WORDS))
    for content in sample.pictures(article, WORDS.colours[article.colour]):
        assert content.startswith(SIGNATURE)
        assert content[16:26] == bytes([0, 0, 0, 128, 0, 0, 0, 128, 8, 3])
        assert int.from_bytes(content[33:37]) <= 3 * 32
