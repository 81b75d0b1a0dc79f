"""What a build keeps on disk comes back as it was, in order, as often as it is asked for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.articles.article import Article, IllustratedArticle, RawStep, StoredPicture
from dataset_builder.pictures.intake import AHEAD, CHUNK, examine
from dataset_builder.pictures.similarity import PictureIndex
from dataset_builder.workspace.shelf import DoubledError, Selection, Shelf
from harness.contract import checksums
from tests.dataset_builder.crawls import picture, spec


def article(name: str, title: str = "t") -> Article:
    return Article(name, title, "Cooking", (RawStep("Boil.", "p.png", 1),), {"kind": "both"})


def test_records_come_in_the_order_of_their_keys_as_often_as_wanted(tmp_path: Path) -> None:
    names = ["b", "a", "\U0001f600", "\uffff", "a.b", "aé", "Z"]
    with Shelf[Article](tmp_path / "s") as shelf:
        shelf.fill(lambda one: one.article_id, map(article, names))
        for _ in range(2):
            assert list(shelf) == [article(name) for name in sorted(names)]
        assert len(shelf) == len(names)
        assert shelf["b"] == article("b")
        assert ("b" in shelf, "c" in shelf) == (True, False)
        assert list(Selection(shelf, ["b", "Z"])) == [article("b"), article("Z")]


def test_a_key_that_comes_twice_gives_both_records(tmp_path: Path) -> None:
    twice = [article("a", "one"), article("b"), article("a", "two")]
    with Shelf[Article](tmp_path / "s") as shelf, pytest.raises(DoubledError) as error:
        shelf.fill(lambda one: one.article_id, twice)
    assert [one.title for one in error.value.records] == ["one", "two"]


def test_sightings_number_pictures_by_name_and_give_back_every_look(tmp_path: Path) -> None:
    shown = {"x": [("p2", 0), ("p1", 2**64 - 1), ("p2", 0)], "w": [("p2", 0), ("p0", 2**63)]}
    articles = [
        IllustratedArticle(article(name), tuple(StoredPicture(one, 9, 9, look) for one, look in rows))
        for name, rows in shown.items()
    ]
    seen = PictureIndex(tmp_path / "s")
    seen.fill(articles)
    assert [seen.name(number) for number in range(3)] == ["p0", "p1", "p2"]
    assert seen.hashes().tolist() == [2**63, 2**64 - 1, 0]
    assert seen.articles("p2") == ("w", "x")
    assert list(seen.in_more_than(1)) == ["p2"]
    seen.close()


def test_articles_are_read_no_sooner_than_the_workers_want_them(tmp_path: Path) -> None:
    """Else all of a crawl would wait in memory."""
    (tmp_path / "p.png").write_bytes(picture("x", 40))
    read = []

    def articles():
        for number in range(300):
            read.append(number)
            yield article(f"a{number:03}")

    found = examine(tmp_path, articles(), tmp_path / "pool", spec(), workers=2)
    first, _ = next(found)
    assert first.article_id == "a000"
    assert len(read) == 2 * AHEAD * CHUNK
    assert [one.article_id for one, _ in found] == [f"a{number:03}" for number in range(1, 300)]


FOLDERS = st.lists(st.sampled_from(["a", "a.b", "a-", "b", "a0"]), max_size=2)
FILES = st.sampled_from(["a.", "a-b", "a!", "a1", "b0"])  # no folder's name; all that stands just before and after "/"


@given(st.sets(st.tuples(FOLDERS.map("/".join), FILES), max_size=12))
def test_a_folder_is_walked_in_the_order_of_its_paths(
    tmp_path_factory: pytest.TempPathFactory, paths: set[tuple[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("walked")
    for folder, name in paths:
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / name).touch()
    wanted = [f"{folder}/{name}".removeprefix("/") for folder, name in paths]
    assert list(checksums.walk(root)) == sorted(wanted)
