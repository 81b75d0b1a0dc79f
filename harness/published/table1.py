"""The reader of `table1.csv`: the dataset as published in Table 1."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

PATH = Path(__file__).parent / "table1.csv"


class PublishedCategory(NamedTuple):
    """One category of Table 1. code: the paper's short name. headline_length: mean, in characters."""

    code: str
    category: str
    stories: int
    headline_length: float
    train_pairs: int
    validation_pairs: int
    test_pairs: int


def read() -> tuple[PublishedCategory, ...]:
    """Return the categories in the paper's order, which differs from that of Table 2."""
    with PATH.open(encoding="utf-8", newline="") as stream:
        return tuple(
            PublishedCategory(
                code=row["category"],
                category=row["category_name"],
                stories=int(row["stories"]),
                headline_length=float(row["avg_headline_len"]),
                train_pairs=int(row["train_pairs"]),
                validation_pairs=int(row["val_pairs"]),
                test_pairs=int(row["test_pairs"]),
            )
            for row in csv.DictReader(stream)
        )
