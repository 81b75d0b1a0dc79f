"""The rows that the paper reports (its Table 2): shown apart, never ranked, since they were not run here."""

from __future__ import annotations

import csv
from typing import Any

from harness.published import TABLE2

MODALITIES = {"V+T": "vision+text", "V": "vision", "T": "text"}


def reported() -> list[dict[str, Any]]:
    """Model, modality, accuracy per category and their mean, in the paper's order."""
    rows: dict[tuple[str, str], dict[str, float]] = {}
    with TABLE2.open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            key = line["model"], MODALITIES[line["modality"]]
            rows.setdefault(key, {})[line["category_name"]] = float(line["accuracy"])
    return [
        {
            "model": model,
            "modality": modality,
            "macro": round(sum(categories.values()) / len(categories), 6),
            "categories": dict(sorted(categories.items())),
        }
        for (model, modality), categories in rows.items()
    ]
