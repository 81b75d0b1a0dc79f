import pytest

from dataset_builder.articles.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("&quot;A&quot; <b>now</b>.", '"A" now.'),
        ("&amp;quot;twice&amp;quot;", '"twice"'),
        ("Fill in: | Field | Value | |-----|-----|", "Fill in: Field Value"),
        ("[Open](https://example.org) the **main** `menu`", "Open the main menu"),
        ("Create ML\\ USER", "Create ML USER"),
        ("\u200bMix\u00a0it\u2060", "Mix it"),
        ("## Mix", "Mix"),
        (f"Mix&#{'9' * 5000}; it&#x{'f' * 5000};", "Mix\ufffd it\ufffd"),
    ],
)
def test_markup_is_taken_out(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4",
        "x < y > z",
        "snake_case_name",
        "\u0645\u06cc\u200c\u062e\u0648",
        "Add 1/2 cup (120 ml) of milk",
        "a|b",
        "C# and F#",
    ],
)
def test_plain_text_stays(text: str) -> None:
    assert plain(text) == text
