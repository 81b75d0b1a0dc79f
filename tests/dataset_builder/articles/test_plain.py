import pytest

from dataset_builder.articles.plain import plain
from tests.dataset_builder.alarm import ends_soon


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
        ("Mix<!-- <b>Step 3</b> --> <SCRIPT src='a'>x > y</script >it<style>b{}</style>.", "Mix it ."),
        ("Mix <!-- it", "Mix <!-- it"),
        ("**Mix** it __well__ **now", "Mix it well **now"),
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


@pytest.mark.parametrize("repeated", ["<script", "<script>", "<style ", "<!--", "![", "[", "__a ", "**a ", "<a", "`"])
def test_a_long_text_of_unfinished_markup_is_read_soon(repeated: str) -> None:
    """A million characters; when the time per character grew with what follows, each took twenty seconds or more."""
    with ends_soon():
        plain(repeated * (1_000_000 // len(repeated)))
