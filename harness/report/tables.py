"""A study as tables for other programs: one row a number and its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def tables(study: dict[str, Any]) -> dict[str, tuple[Sequence[str], list[list[Any]]]]:
    """CSV file name -> headers and rows, numbers as they are in report.json."""
    accuracy: list[list[Any]] = []
    strata: list[list[Any]] = []
    reliability: list[list[Any]] = []
    gaps: list[list[Any]] = []
    for result in study["results"]:
        who, scores = [result["submission"], result["modality"]], result["scores"]
        found = scores["accuracy"]
        for name, cell in [*found["categories"].items(), ("macro", found["macro"]), ("micro", found["micro"])]:
            naive = cell.get("wilson", [None, None])
            counts = [cell.get("pairs"), cell.get("articles"), cell.get("method")]
            accuracy.append([*who, name, cell["value"], cell["low"], cell["high"], *counts, *naive])
        for stratum, cells in scores.get("strata", {}).items():
            for value, c in cells.items():
                strata.append([*who, stratum, value, c["value"], c["low"], c["high"], c["pairs"], c["articles"]])
        bins = scores.get("calibration", {}).get("reliability", [])
        reliability += [[*who, row["stated"], row["observed"], row["pairs"]] for row in bins]
    for submission, contrasts in study["gaps"].items():
        for contrast, found in contrasts.items():
            for name, c in [*found["categories"].items(), ("macro", found["macro"]), ("micro", found["micro"])]:
                gaps.append([submission, contrast, name, c["value"], c["low"], c["high"], c["p"], c.get("p_holm")])
    interval = ["value", "low", "high"]
    who = ["submission", "modality"]
    return {
        "accuracy.csv": (
            [*who, "category", *interval, "pairs", "articles", "method", "wilson_low", "wilson_high"],
            accuracy,
        ),
        "gaps.csv": (["submission", "contrast", "category", *interval, "p", "p_holm"], gaps),
        "strata.csv": ([*who, "stratum", "stratum_value", *interval, "pairs", "articles"], strata),
        "reliability.csv": ([*who, "stated", "observed", "pairs"], reliability),
    }
