import json
from pathlib import Path

import pytest
from PIL import Image

from dataset_builder.build import BuildRequest, build
from dataset_builder.describe import statistics
from dataset_builder.describe import words as tagging
from dataset_builder.describe.statistics import Table1Line
from dataset_builder.describe.words import verbs_and_nouns
from harness import cli
from harness.contract import checksums, frozen_set
from harness.records import GroundTruth, Step, StepPair
from tests.dataset_builder.crawls import article, crawl, spec

TRAVEL = "Travel"


def row(
    number: int, article_id: str, headlines: tuple[str, str], positions: tuple[int, int]
) -> tuple[StepPair, GroundTruth]:
    first, second = (Step(headline, f"images/{headline}.png") for headline in headlines)
    name = f"p{number}"
    pair = StepPair(name, TRAVEL, f"Pack {article_id}", first, second)
    return pair, GroundTruth(name, int(positions[0] < positions[1]), article_id, positions)


ROWS = [
    row(1, "a", ("ab", "abcd"), (0, 2)),
    row(2, "a", ("abc", "ab"), (1, 0)),
    row(3, "b", ("x", "xyz"), (4, 1)),
]
SUBSETS = {"train": ROWS, "validation": [], "test": [row(4, "c", ("abcdefgh", "x"), (0, 1))]}


def test_table_1_by_hand() -> None:
    """Distinct steps: ab, abc, abcd, x, xyz, abcdefgh, x: 2 + 3 + 4 + 1 + 3 + 8 + 1 = 22 characters over 7."""
    (line,) = statistics.table(SUBSETS).values()
    assert line.stories == 3
    assert line.headline_length == pytest.approx(22 / 7)
    assert dict(line.pairs) == {"train": 3, "validation": 0, "test": 1}


def test_all_categories_together_by_hand() -> None:
    """Averages of 4 over 10 headlines and of 7 over 5: 75 characters over 15."""
    lines = {"a": Table1Line(2, 4.0, {"test": 6}, 10), "b": Table1Line(1, 7.0, {"test": 2}, 5)}
    assert statistics.total(lines) == Table1Line(3, 5.0, {"test": 8}, 15)


def test_labels_that_are_not_half_in_order_are_named() -> None:
    assert statistics.balance({"train": ROWS[:2]}) == "Exactly half of each category and subset is in order."
    assert statistics.balance({"train": ROWS}) == "Not half in order: Travel, train: 1 of 3."


def test_histograms_by_hand() -> None:
    assert statistics.labels(ROWS) == {TRAVEL: {"0": 2, "1": 1}}
    assert statistics.distances(ROWS) == {1: 1, 2: 1, 3: 1}
    assert statistics.pairs_per_article(ROWS) == {1: 1, 2: 1}


def test_the_published_table_stands_beside_a_category_of_its_name() -> None:
    shown = statistics.format_table(SUBSETS)
    assert "3 (438)" in shown
    assert "In brackets: the published Table 1." in shown
    assert "3.14 (45.14)" in shown
    assert "1 (1000)" in shown


def test_the_published_table_adds_up() -> None:
    lines = statistics.published().values()
    assert sum(line.stories for line in lines) == 13_262
    totals = {subset: sum(line.pairs[subset] for line in lines) for subset in frozen_set.SUBSETS}
    assert totals == {"train": 120_000, "validation": 33_000, "test": 33_000}


def test_verbs_and_nouns_of_titles() -> None:
    words = verbs_and_nouns(["How to Tie a Bow Tie", "Bake Bread", "How to Bake Breads", "西红柿"])
    assert words.verbs["tie"] == 1
    assert words.verbs["bake"] == 2
    assert (words.nouns["tie"], words.nouns["bow"], words.nouns["bread"]) == (1, 1, 2)
    assert words.unread == 1


@pytest.mark.parametrize(
    ("title", "verbs", "nouns"),
    [
        ("Build an OpenBot with Flutter", "build", "openbot flutter"),
        ("README", "", "readme"),
        ("Write a README for Your Project", "write", "readme project"),
        ("SAP BTP and Kubernetes", "", "sap btp kubernetes"),
        ("Configuring Profiles and Rules", "configure", "profile rule"),
        ("How to Know if He Likes You", "know like", ""),
        ("HOW TO KNIT A SCARF", "knit", "scarf"),
        ("How to Make Coffee", "", "coffee"),
        ("Initialize Environment", "initialize", "environment"),
        ("Restore Apps Using the Flows Component", "restore", "apps flow component"),
    ],
)
def test_a_name_or_an_unknown_word_is_no_verb(title: str, verbs: str, nouns: str) -> None:
    found = verbs_and_nouns([title])
    assert (" ".join(found.verbs), " ".join(found.nouns)) == (verbs, nouns)


def test_nltks_tagger_is_used_where_its_data_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its data cannot be fetched here; a tagger of the same format is trained on three titles."""
    import nltk
    from nltk.tag.perceptron import PerceptronTagger

    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])  # it writes and reads nowhere else
    small = PerceptronTagger(load=False)
    taught = ["how/WRB to/TO brew/VB coffee/NN", "how/WRB to/TO grind/VB beans/NNS", "how/WRB to/TO brew/VB teas/NNS"]
    small.train([[tuple(word.split("/")) for word in title.split()] for title in taught], nr_iter=5)
    small.save_to_json(lang="eng", loc=str(tmp_path / tagging.NLTK_DATA))
    tagging._nltk.cache_clear()
    try:
        assert tagging.tagger_name() == "NLTK"
        found = verbs_and_nouns(["How to Brew Coffee", "Brew Beans"])
        assert (found.verbs, found.nouns) == ({"brew": 2}, {"coffee": 1, "bean": 1})
    finally:
        tagging._nltk.cache_clear()


def test_the_command_leaves_text_json_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = crawl(tmp_path / "raw", [article(n) for n in range(12)])
    build(BuildRequest(spec(), raw, tmp_path / "out", workers=1))
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "stats", str(tmp_path / "out"), "--out", str(tmp_path / "stats")])
    assert stop.value.code == 0
    assert "Cooking" in capsys.readouterr().out
    record = json.loads((tmp_path / "stats/stats.json").read_text())
    assert record["table"]["Cooking"]["pairs"] == {"train": 20, "validation": 6, "test": 6}
    assert record["labels"]["test"]["Cooking"] == {"0": 3, "1": 3}
    assert statistics.titles(SUBSETS) == ["Pack a", "Pack b", "Pack c"]
    assert "![words.png](words.png)" in (tmp_path / "stats/stats.md").read_text()
    for name in ("spread.png", "words.png"):
        with Image.open(tmp_path / "stats" / name) as picture:
            assert picture.width > 1000


def test_one_subset_has_statistics_too_and_its_build_stays_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = crawl(tmp_path / "raw", [article(n) for n in range(12)])
    build(BuildRequest(spec(), raw, tmp_path / "out", workers=1))
    for folder in ("test", "train"):
        with pytest.raises(SystemExit) as stop:
            cli.main(["dataset", "stats", str(tmp_path / "out" / folder), "--no-figures"])
        assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert "test pairs" in shown
    assert "validation pairs" not in shown
    assert json.loads((tmp_path / "out-test.stats/stats.json").read_text())["table"]["Cooking"]["pairs"] == {"test": 6}
    assert checksums.verify(tmp_path / "out")[1] == []


def test_a_subset_without_pairs_is_drawn_as_nothing(tmp_path: Path) -> None:
    raw = crawl(tmp_path / "raw", [article(n) for n in range(12)])
    quota = '"Cooking" = { train = 20, validation = 0, test = 6 }'
    build(BuildRequest(spec(categories=quota), raw, tmp_path / "out", workers=1))
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "stats", str(tmp_path / "out"), "--out", str(tmp_path / "stats")])
    assert stop.value.code == 0


def test_a_folder_that_holds_no_set_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "stats", str(tmp_path)])
    assert stop.value.code == 2
    assert "no frozen set and no build; wanted manifest.json" in capsys.readouterr().err
