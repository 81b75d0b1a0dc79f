import pytest

from dataset_builder.articles.headlines import LONGEST, scrub, scrub_article
from tests.dataset_builder.alarm import ends_soon


@pytest.mark.parametrize(
    ("headline", "scrubbed"),
    [
        ("Step 3: Boil water.", "Boil water."),
        ("step 12 - boil water.", "Boil water."),
        ("Task 1.1: Prepare the calls", "Prepare the calls"),
        ("3. Boil water.", "Boil water."),
        ("(3) Boil water.", "Boil water."),
        ("#3: Boil water.", "Boil water."),
        ("II. Boil water.", "Boil water."),
        ("First, boil water.", "Boil water."),
        ("Finally, boil water.", "Boil water."),
        ("Then boil water.", "Boil water."),
        ("Step 3: First, boil water.", "Boil water."),
        ("Boil water (step 3 of 9)", "Boil water"),
        ("第3步：切菜", "切菜"),  # noqa: RUF001 - Chinese punctuation
        ("首先，切菜", "切菜"),  # noqa: RUF001 - Chinese punctuation
    ],
)
def test_an_ordinal_marker_is_taken_off(headline: str, scrubbed: str) -> None:
    assert scrub(headline) == scrubbed


@pytest.mark.parametrize(
    "headline",
    [
        "3 cups of flour go in.",
        "10:30 is the time to leave.",
        "1.5 litres, please.",
        "Step in line.",
        "Part the hair.",
        "Next to the pan, put a lid.",
        "Now that it is done, rest.",
        "Repeat step 2.",
        "A cut is made.",
        "C. elegans needs agar.",
        "B. Franklin said so.",
        "Vitamin C: take it.",
        "m² of cloth are enough.",
        "Schritt 3 wiederholen.",
    ],
)
def test_content_that_looks_like_a_marker_stays(headline: str) -> None:
    assert scrub(headline) == headline


@pytest.mark.parametrize("headline", ["Step 3", "3.", "Finally!", ""])
def test_a_headline_of_nothing_but_a_marker_becomes_empty(headline: str) -> None:
    assert scrub(headline) == ""


def test_numbers_that_run_through_an_article_are_taken_off_in_any_wording() -> None:
    for numbered in (
        ["A. Boil", "B. Pour", "C. Drink"],
        ["Bosqich 1 boil", "Bosqich 2 pour", "Bosqich 3 drink"],
        ["1 boil", "2 pour", "3 drink"],
        ["Boil (1)", "Pour (2)", "Drink (3)"],
        ["Boil [1]", "Pour [2]", "Drink [3]"],
        ["๑ boil", "๒ pour", "๓ drink"],
        ["Boil ①", "Pour ②", "Drink ③"],
    ):
        assert scrub_article(numbered, [0, 0, 0]) == ["Boil", "Pour", "Drink"]
    assert scrub_article(["1 boil", "2 pour", "1 fry", "2 eat"], [0, 0, 1, 1]) == ["Boil", "Pour", "Fry", "Eat"]


def test_numbers_that_do_not_run_like_the_steps_stay() -> None:
    for content in (["Add 2 eggs", "Add 3 cups", "Wait"], ["2 eggs go in", "2 cups go in", "1 bowl is left"]):
        assert scrub_article(content, [0, 0, 0]) == content


@pytest.mark.parametrize("sign", [*" [(#-\u2013/.:9ix", "\uff00", "1.", "1/", "(1", "[1 ", "step ", "\u2460", "\uff13"])
@pytest.mark.parametrize(("before", "after"), [("(step", ""), ("Step 1", "!"), ("a", "a"), ("", ")")])
def test_an_article_of_damaged_headlines_is_scrubbed_soon(before: str, sign: str, after: str) -> None:
    room = LONGEST - len(before) - len(after)
    damaged = before + (sign * room)[:room] + after
    with ends_soon():
        assert len(scrub_article([damaged] * 10, [0] * 10)) == 10
