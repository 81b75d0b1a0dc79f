"""Pairs as people look at them."""

from dataclasses import replace

import pytest

from dataset_builder import showing
from harness.records import InputError, Step
from tests.dataset_builder import shipped


def test_so_many_pairs_of_each_category_are_shown_and_the_same_ones_every_time() -> None:
    pairs = showing.choose(shipped.frozen(), 2)
    assert [pair.category for pair in pairs] == sorted([*shipped.frozen().manifest.counts] * 2)
    assert pairs == showing.choose(shipped.frozen(), 2)


def test_a_category_that_the_set_does_not_have_is_named() -> None:
    with pytest.raises(InputError, match=r"'Cooking': .* has no such category; it has .*Travel"):
        showing.choose(shipped.frozen(), 1, ["Cooking"])


def test_the_page_holds_title_headlines_pictures_and_verdict() -> None:
    (pair,) = showing.choose(shipped.frozen(), 1, ["Travel"])
    page = showing.page("show.html.jinja", title="t", pairs=[pair])
    for text in (pair.title, *pair.headlines, *pair.sources, pair.verdict):
        assert text in page
    assert "http" not in page


def test_a_blind_page_does_not_say_what_is_in_order() -> None:
    pairs = showing.choose(shipped.frozen(), 1, blind=True)
    page = showing.page("show.html.jinja", title="t", pairs=pairs)
    assert not any(verdict in page.split("<main>")[1] for verdict in showing.VERDICTS.values())


def test_what_strangers_wrote_is_shown_and_not_run() -> None:
    first = shipped.frozen().questions[0]
    nasty = replace(first, title="<script>alert(1)</script>", first=Step('"><b>', first.first.image))
    frozen = replace(shipped.frozen(), questions=(nasty,), answers=shipped.frozen().answers[:1])
    page = showing.page("show.html.jinja", title="t", pairs=showing.choose(frozen, 1))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>" not in page


def test_the_sheet_has_a_card_for_every_pair() -> None:
    pairs = showing.choose(shipped.frozen(), 1)[:4]
    sheet = showing.sheet(pairs, across=3)
    assert sheet.size == (3 * (showing.CARD + 16) + 16, 2 * (showing.SIDE + 190 + 16) + 16)
    left = showing.GAP + showing.PAD  # inside the first card's first picture, and in the empty place of the sixth
    assert len(sheet.crop((left, 90, left + 200, 290)).getcolors(10_000)) > 1
    assert len(sheet.crop((sheet.width - 300, 500, sheet.width - 100, 800)).getcolors(10_000)) == 1


def test_a_long_headline_is_cut_with_a_mark() -> None:
    assert showing._lines("one two three four", 9, 1) == "one two…"
    assert showing._lines("one two", 9, 1) == "one two"
