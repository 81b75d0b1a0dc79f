from pathlib import Path

import pytest

from dataset_builder import spec as specs
from harness.errors import InputError

GOOD = 'name = "x"\nversion = "1"\nseed = "s"\n'
TRAVEL = '[categories]\n"Travel" = { train = 2, validation = 2, test = 2 }\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[articles]\nmin_sid = 3\n" + TRAVEL, r"s.toml: \[articles\]: unknown key 'min_sid'; did you mean min_side"),
        ("[artikles]\nmin_side = 3\n" + TRAVEL, "unknown key 'artikles'; did you mean articles"),
        ('[categories]\n"Travel" = { train = 2, validaton = 2, test = 2 }', "'Travel'.*did you mean validation"),
        ('[categories]\n"Travel" = { train = 2, test = 2 }', "'Travel': validation is missing"),
        ("[articles]\nmin_side = '3'\n" + TRAVEL, "min_side = '3'; wanted int"),
        ("[articles]\nmin_side = true\n" + TRAVEL, "min_side = True; wanted int"),
        ("articles = 3\n" + TRAVEL, r"\[articles\]: found 3, wanted a table"),
        ('[categories]\n"T" = { train = 3, validation = 2, test = 2 }', "train = 3; wanted an even count"),
        ('[categories]\n"T" = { train = 0, validation = 0, test = 0 }', "asks for no pairs at all"),
        ("", r"\[categories\] is empty"),
        ("[split]\ntrain = -1\n" + TRAVEL, "shares must not be negative"),
        ("[split]\ntest = nan\n" + TRAVEL, "shares must not be negative or infinite"),
        ("[split]\ntest = inf\n" + TRAVEL, "shares must not be negative or infinite"),
        (
            TRAVEL + '"travel " = { train = 2, validation = 2, test = 2 }',
            "'Travel' and 'travel ' differ in case or spaces",
        ),
        ("[articles]\nmin_steps = 1\n" + TRAVEL, "min_steps must be at least 2"),
        ("oops", "not valid TOML"),
    ],
)
def test_a_spec_that_cannot_be_meant_is_refused_with_its_key(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        specs.parse(GOOD + text, "s.toml")


@pytest.mark.parametrize(
    ("name", "version", "words"), [("My set", "1", "name must fit .*my-set"), ("x", "1-b", r"version must fit .*1\.2")]
)
def test_a_name_or_version_that_no_manifest_may_have_is_refused(name: str, version: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        specs.parse(f'name = "{name}"\nversion = "{version}"\nseed = "s"\n{TRAVEL}', "s.toml")


FAULTY = """
name = "My Set"
version = 1
colour = "red"
[articles]
min_side = 0
[pairs]
draw = "rondom"
[categories]
"Cooking" = { train = 3, validation = 2, test = 2 }
"Travel" = { train = 4, validation = 2 }
[aliases]
"Food" = "Coking"
"""


def test_every_fault_of_a_spec_is_told_in_one_run() -> None:
    """Keys, types, missing keys and impossible values alike; what is faulty hides nothing else."""
    with pytest.raises(InputError, match=r"s\.toml: 9 faults") as refused:
        specs.parse(FAULTY, "s.toml")
    told = str(refused.value)
    for words in (
        "name must fit",
        "version = 1; wanted str",
        "seed is missing",
        "unknown key 'colour'",
        "min_side must be at least 1 pixel",
        "draw = 'rondom'; wanted even or random",
        "'Cooking': train = 3; wanted an even count",
        "'Travel': test is missing",
        "'Food' = 'Coking': wanted one of the names in [categories]",
    ):
        assert words in told


def test_a_missing_name_is_named() -> None:
    with pytest.raises(InputError, match=r"s\.toml: name is missing"):
        specs.parse('version = "1"\nseed = "s"\n' + TRAVEL, "s.toml")


def test_a_spec_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD + TRAVEL)
    assert specs.load(str(tmp_path / "mine.toml")).name == "x"
    assert specs.load("open-howto").name == "open-howto"
    with pytest.raises(InputError, match="shipped are open-howto, wikiorder-sample, wikiorder-v1"):
        specs.load("wikiorder")


def test_the_papers_spec_asks_for_table_1() -> None:
    spec = specs.load("wikiorder-v1")
    totals = {subset: sum(spec.quota(name, subset) for name in spec.categories) for subset in specs.SUBSETS}
    assert totals == {"train": 120_000, "validation": 33_000, "test": 33_000}
    assert spec.articles.min_side == 224
    assert len(spec.categories) == 10


def test_articles_are_split_in_proportion_to_the_pairs_unless_the_spec_says_otherwise() -> None:
    assert specs.load("wikiorder-v1").shares("Health") == {"train": 2 / 3, "validation": 1 / 6, "test": 1 / 6}
    spec = specs.parse(GOOD + "[split]\ntrain = 3\nvalidation = 1\ntest = 6\n" + TRAVEL, "s.toml")
    assert spec.shares("Travel") == {"train": 0.3, "validation": 0.1, "test": 0.6}
