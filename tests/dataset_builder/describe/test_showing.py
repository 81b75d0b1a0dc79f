"""Pairs as people look at them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.describe import showing
from harness.errors import InputError
from harness.records import Step
from tests.dataset_builder import shipped
from tests.dataset_builder.alarm import ends_soon


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
    frozen = replace(shipped.frozen(), questions=(nasty,), truths=shipped.frozen().truths[:1])
    page = showing.page("show.html.jinja", title="t", pairs=showing.choose(frozen, 1))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>" not in page


def test_the_sheet_has_a_card_for_every_pair() -> None:
    pairs = showing.choose(shipped.frozen(), 1)[:4]
    sheet = showing.draw_cards(pairs, across=3)
    assert sheet.size == (3 * (showing.CARD + 16) + 16, 2 * (showing.SIDE + 190 + 16) + 16)
    left = showing.GAP + showing.PAD  # inside the first card's first picture, and in the empty place of the sixth
    assert len(sheet.crop((left, 90, left + 200, 290)).getcolors(10_000)) > 1
    assert len(sheet.crop((sheet.width - 300, 500, sheet.width - 100, 800)).getcolors(10_000)) == 1


def test_a_long_headline_is_cut_with_a_mark() -> None:
    font = showing.latin_font(15)
    width = round(font.getlength("one two…")) + 1
    assert showing.break_lines("one two three four", font, width, 1) == "one two…"
    assert showing.break_lines("one two", font, width, 1) == "one two"


@pytest.mark.parametrize("text", ["a" * 20_000, "a" + " " * 50_000, "a " * 20_000])
def test_a_very_long_headline_is_cut_soon(text: str) -> None:
    with ends_soon():
        assert len(showing.break_lines(text, showing.latin_font(15), 224, 3).split("\n")) <= 3


@given(st.text("ab c西红柿炒鸡蛋", max_size=60), st.integers(20, 120))
def test_no_line_is_wider_than_its_place_and_no_letter_is_lost(text: str, width: int) -> None:
    font = showing.latin_font(15)
    found = showing.break_lines(text, font, width, 99).split("\n")
    assert all(font.getlength(line) <= width for line in found)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_letters_that_no_font_has_are_not_drawn_as_boxes() -> None:
    assert showing.fit_text("Boil: 5 °C…", 15) == ("Boil: 5 °C…", showing.latin_font(15))
    assert not showing.has_letters(showing.latin_font(15), "西红柿")
    text, font = showing.fit_text("\U000f0000", 15)  # for private use: nobody's letter
    assert (text, font) == (showing.ABSENT, showing.latin_font(15))
