"""The published table, computed with: every average and every gap that was derived from it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from harness.published import table2 as published

ROOT = Path(__file__).parents[3]
TABLE, PAIRS = published.read()


def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "tests/reference" / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_table_is_whole() -> None:
    assert len(TABLE) == 10 * 3 * 3
    assert sum(PAIRS.values()) == 33_000


@pytest.mark.parametrize("row", rows("table2_summary.csv"), ids=lambda r: f"{r['model']} {r['modality']}")
def test_the_averages_are_those_of_the_table(row: dict[str, str]) -> None:
    cell = (row["model"], row["modality"])
    assert f"{published.macro(TABLE, PAIRS, *cell):.4f}" == row["macro_accuracy"]
    assert f"{published.micro(TABLE, PAIRS, *cell):.4f}" == row["micro_accuracy_test_weighted"]


@pytest.mark.parametrize("row", rows("table2_gaps.csv"), ids=lambda r: f"{r['category']} {r['model']}")
def test_the_gaps_are_those_of_the_table(row: dict[str, str]) -> None:
    categories = list(PAIRS) if row["category"] == "MACRO" else [row["category"]]
    for (first, second), column in zip(published.GAPS, ("VT_minus_V", "VT_minus_T", "V_minus_T"), strict=True):
        gaps = [published.gap(TABLE, category, row["model"], first, second) for category in categories]
        assert sum(gaps) / len(gaps) == pytest.approx(float(row[column]), abs=5.01e-5)
    means = {m: sum(TABLE[c, row["model"], m] for c in categories) for m in published.MODALITIES}
    assert max(means, key=lambda m: means[m]) == row["best_modality"]


def test_the_page_is_what_the_table_gives() -> None:
    assert (ROOT / "docs/published-table.md").read_text(encoding="utf-8") == published.markdown(TABLE, PAIRS)


def test_clear_is_what_the_binomial_says() -> None:
    """0.5 and 0.6 of 100 pairs: 1.43 standard errors apart; of 1,000: 4.5."""
    assert not published.clear(0.5, 0.6, 100)
    assert published.clear(0.5, 0.6, 1000)
