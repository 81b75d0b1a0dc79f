import io
import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataset_builder.articles.duplicates import components, normalise_title
from dataset_builder.build import BuildRequest, build
from dataset_builder.pictures import similarity
from harness.contract import frozen_set
from harness.errors import InputError
from tests.dataset_builder.crawls import article, crawl, picture, spec

OPEN = "[duplicates]\nmax_share = 1.0\n"


def homes(out: Path) -> dict[str, str]:
    """The subset of every article that a build shows."""
    return {
        answer.article_id: subset for subset in frozen_set.SUBSETS for answer in frozen_set.load(out / subset).truths
    }


def links(folder: Path, rows: list[dict], text: str = OPEN) -> dict[str, int]:
    report = build(BuildRequest(spec(text), crawl(folder / "raw", rows), folder / "out", workers=1)).report
    return {kind: found.count for kind, found in report.duplicates.links.items() if found.count}


def similar(side: int = 64, quality: int = 60) -> bytes:
    """One and the same scene, coded in different ways."""
    stream = io.BytesIO()
    image = Image.frombytes("RGB", (6, 6), random.Random("scene").randbytes(6 * 6 * 3))
    image.resize((side, side), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def test_articles_that_share_a_picture_stay_together(tmp_path: Path) -> None:
    rows = [article(n) for n in range(16)]
    for row in rows[3:6]:
        row["steps"][1]["image"] = "pictures/shared.png"
    assert links(tmp_path, rows) == {"same picture": 2}
    found = homes(tmp_path / "out")
    assert len({found[name] for name in ("a003", "a004", "a005") if name in found}) == 1


def test_articles_that_share_a_picture_in_other_bytes_stay_together(tmp_path: Path) -> None:
    rows = [article(n) for n in range(16)]
    raw = crawl(tmp_path / "raw", rows)
    (raw / "pictures/a003-1.png").write_bytes(similar(64))
    (raw / "pictures/a004-2.png").write_bytes(similar(80, quality=90))
    assert links(tmp_path, rows) == {"similar picture": 1}
    found = homes(tmp_path / "out")
    assert found["a003"] == found["a004"]


def test_similar_pictures_can_be_left_alone(tmp_path: Path) -> None:
    rows = [article(n) for n in range(16)]
    raw = crawl(tmp_path / "raw", rows)
    (raw / "pictures/a003-1.png").write_bytes(similar(64))
    (raw / "pictures/a004-2.png").write_bytes(similar(80, quality=90))
    assert links(tmp_path, rows, OPEN + "similar = false") == {}


def test_a_logo_links_nothing(tmp_path: Path) -> None:
    rows = [article(n) for n in range(16)]
    for row in rows[:6]:
        row["steps"][0]["image"] = "pictures/logo.png"
    assert links(tmp_path, rows) == {}


def test_articles_with_the_same_title_in_other_words_stay_together(tmp_path: Path) -> None:
    rows = [article(n) for n in range(16)]
    rows[3]["title"] = "How to Tie a Bow Tie (with Pictures)"
    rows[4]["title"] = "Tie Bow Ties"
    assert links(tmp_path, rows) == {"same title": 1}


def test_a_group_that_takes_most_of_a_category_is_refused_with_its_reason(tmp_path: Path) -> None:
    rows = [article(n) for n in range(32)]
    for row in rows[:4]:
        row["title"] = "The Same"
    with pytest.raises(
        InputError, match=r"holds 4 of 32 articles.*linked by same title same and 2 more.*set max_share = 0.13;"
    ):
        links(tmp_path, rows, "")
    links(tmp_path / "smaller", [*rows[:3], *rows[4:16]], "")  # three of fifteen make no split one-sided


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How to Tie a Tie", "Tie Ties"),
        ("How to Bake Bread: 12 Steps (with Pictures)", "bake BREAD (12 steps)"),
        ("Clean Your Glass", "How to Clean the Glass"),
        ("\uff23\uff21\uff2b\uff25", "cake"),
    ],
)
def test_titles_that_say_the_same_are_equal(one: str, other: str) -> None:
    assert normalise_title(one) == normalise_title(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Bake Bread", "Bake Cake"), ("Clean Glass", "Clean Gla"), ("西红柿", "鸡蛋")]
)
def test_titles_that_differ_stay_different(one: str, other: str) -> None:
    assert normalise_title(one) != normalise_title(other)


def test_a_group_is_named_by_its_first_member() -> None:
    assert components("abcd", [("c", "b"), ("b", "d")]) == {"a": "a", "b": "b", "c": "b", "d": "b"}


near_one = st.integers(0, 2**64 - 1)


@given(
    base=st.lists(near_one, min_size=1, max_size=5),
    flips=st.lists(st.sets(st.integers(0, 63), max_size=6), min_size=1, max_size=20),
    distance=st.integers(0, 6),
)
def test_the_search_finds_every_near_pair_once_and_no_other(
    base: list[int], flips: list[set[int]], distance: int
) -> None:
    hashes = [base[n % len(base)] ^ sum(1 << bit for bit in bits) for n, bits in enumerate(flips)]
    slowly = [(a, b) for a, b in combinations(range(len(hashes)), 2) if (hashes[a] ^ hashes[b]).bit_count() <= distance]
    assert sorted(similarity.neighbours(hashes, distance)) == slowly


def test_a_hash_that_too_many_pictures_have_tells_nothing() -> None:
    assert list(similarity.neighbours([7] * (similarity.PLAIN + 1), 4)) == []


def test_the_same_scene_in_other_bytes_differs_less_than_another_scene(tmp_path: Path) -> None:
    for name, content in (("a", similar(64)), ("b", similar(80, 90)), ("c", picture("other", 64))):
        (tmp_path / name).write_bytes(content)
    copies = similarity.SmallCopies(tmp_path)
    assert copies.difference("a", "b") < 6 < copies.difference("a", "c")
