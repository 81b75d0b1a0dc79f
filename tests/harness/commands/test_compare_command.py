"""`wikiorder compare`, on bundles of a tiny set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.commands.compare import compare, table
from harness.errors import InputError
from harness.records import GroundTruth
from harness.statistics.comparison import CategoryDifference, PairedComparison
from tests import bundles
from tests.sets import tiny_set


def always_in_order(_: GroundTruth) -> float:
    return 1.0


def run(*arguments: object) -> str:
    outcome = CliRunner().invoke(compare, [str(a) for a in arguments], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_compare_prints_differences_and_the_pairs_apart(tmp_path: Path) -> None:
    """Eight articles of three pairs, half in order: the perfect result leads the constant one by 0.5."""
    frozen = tiny_set(tmp_path)
    perfect = bundles.write(tmp_path / "results", frozen, "perfect")
    constant = bundles.write(tmp_path / "results", frozen, "constant", predict=always_in_order)
    output = run(perfect, constant, "--data", tmp_path, "--show", 1)
    assert "perfect vision+text minus constant vision+text, on tiny 1.0 test" in output
    assert "+50.0" in output
    assert "12 pairs that only perfect vision+text got right" in output
    assert "0 pairs that only constant vision+text got right" in output
    found = json.loads(run(perfect, constant, "--data", tmp_path, "--json"))
    assert found["micro"]["value"] == 0.5
    assert found["mcnemar"]["p"] == round(2 / 2**12, 6)
    assert len(found["only_first"]) == 12


def test_compare_needs_no_set(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path)
    perfect = bundles.write(tmp_path / "results", frozen, "perfect")
    constant = bundles.write(tmp_path / "results", frozen, "constant", predict=always_in_order)
    output = run(perfect, constant)
    assert "+50.0" in output
    assert "With --data SET" in output


def test_results_on_two_sets_are_refused(tmp_path: Path) -> None:
    one = bundles.write(tmp_path / "one", tiny_set(tmp_path / "a"), "perfect")
    other = bundles.write(tmp_path / "two", tiny_set(tmp_path / "b", articles=6), "perfect")
    with pytest.raises(InputError, match="only results on one set"):
        run(one, other)


def test_a_failed_run_is_not_compared(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path)
    perfect = bundles.write(tmp_path / "results", frozen, "perfect")
    failed = bundles.write(tmp_path / "results", frozen, "dead", failure="it died")
    with pytest.raises(InputError, match=r"this run failed \(it died\)"):
        run(perfect, failed)


def test_the_set_named_must_be_the_one_that_was_asked(tmp_path: Path) -> None:
    perfect = bundles.write(tmp_path / "results", tiny_set(tmp_path / "a"), "perfect")
    tiny_set(tmp_path / "b", articles=6)
    with pytest.raises(InputError, match="name the set that was asked"):
        run(perfect, perfect, "--data", tmp_path / "b")


def test_a_table_of_long_categories_and_large_counts_fits_eighty_columns() -> None:
    widest = CategoryDifference(
        value=-0.123,
        low=-0.999,
        high=-0.111,
        p=1.0,
        p_holm=1.0,
        pairs=5000,
        articles=1000,
        method="",
        resolvable_difference=None,
    )
    found = PairedComparison(macro=widest, micro=widest, categories={"Education and Communications": widest})
    assert max(len(line) for line in table(found).splitlines()) <= 80


def test_compare_begins_with_a_verdict_and_fits_eighty_columns(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path)
    perfect = bundles.write(tmp_path / "results", frozen, "perfect")
    constant = bundles.write(tmp_path / "results", frozen, "constant", predict=always_in_order)
    first, *lines = run(perfect, constant, "--data", tmp_path, "--show", 0).splitlines()
    assert first.startswith("perfect vision+text is better than constant vision+text: +50.0 points [")
    assert max(len(line) for line in lines) <= 80
    assert run(constant, perfect).startswith("constant vision+text is worse than perfect vision+text: -50.0 points [")
    assert run(perfect, perfect).startswith("Not separable: ")


def test_a_result_minus_itself_is_exactly_zero(tmp_path: Path) -> None:
    perfect = bundles.write(tmp_path / "results", tiny_set(tmp_path), "perfect")
    for arguments in ((perfect, perfect), (perfect, perfect, "--data", tmp_path)):
        found = json.loads(run(*arguments, "--json"))
        for figures in (found["macro"], found["micro"], *found["categories"].values()):
            assert (figures["value"], figures["low"], figures["high"]) == (0.0, 0.0, 0.0)
