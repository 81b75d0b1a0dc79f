import pytest

from dataset_builder.articles.headlines import scrub


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
    ],
)
def test_content_that_looks_like_a_marker_stays(headline: str) -> None:
    assert scrub(headline) == headline


@pytest.mark.parametrize("headline", ["Step 3", "3.", "Finally!", ""])
def test_a_headline_of_nothing_but_a_marker_becomes_empty(headline: str) -> None:
    assert scrub(headline) == ""
