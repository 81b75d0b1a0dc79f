"""Boards of simulated rows: as many as wanted, whose true accuracies are known, as rich as real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from harness.records import Modality
from leaderboard.rows import Entrant, Estimate, Row, SetKey

CATEGORIES = (
    "Arts and Entertainment",
    "Computers and Electronics",
    "Education and Communication",
    "Family Life",
    "Health",
    "Hobbies and Crafts",
    "Home and Garden",
    "Personal Care and Style",
    "Philosophy and Religion",
    "Travel",
)


Asked = tuple[tuple[str, str, int], ...]


def counts(skill: Sequence[float], articles: int, pairs: int, seed: int) -> tuple[Asked, np.ndarray]:
    """What was asked, and what rows of these true accuracies get right (articles, rows), in each category `articles`
    articles of `pairs` pairs. Articles differ in difficulty, in part alike for all rows.
    """
    generator = np.random.default_rng(seed)
    shape = (articles * len(CATEGORIES), len(skill))
    hardness = 0.4 * generator.normal(size=(shape[0], 1)) + 0.4 * generator.normal(size=shape)
    chance = 1 / (1 + np.exp(-(np.log(np.divide(skill, np.subtract(1, skill))) + hardness)))
    asked = tuple((name, f"{number:05d}", pairs) for name in CATEGORIES for number in range(articles))
    return asked, generator.binomial(pairs, chance)


def rows(skill: Sequence[float], articles: int = 220, pairs: int = 15, seed: int = 1) -> list[Row]:
    """A row for each true accuracy; 220 x 15 x 10 categories are 33,000 pairs."""
    asked, correct = counts(skill, articles, pairs, seed)
    key = SetKey("simulated", "1.0", "test", "hidden", 1, len(asked) * pairs, _digest("set"))
    return [_row(key, number, asked, correct[:, number], pairs) for number in range(len(skill))]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _estimate(correct: np.ndarray, pairs: int) -> Estimate:
    value = float(correct.mean()) / pairs
    half = 1.96 * float(correct.std()) / pairs / len(correct) ** 0.5
    return Estimate(round(value, 6), round(value - half, 6), round(value + half, 6))


def _row(key: SetKey, number: int, asked: Asked, correct: np.ndarray, pairs: int) -> Row:
    name = f"model-{number:04d}"
    by_category = correct.reshape(len(CATEGORIES), -1)
    whole = _estimate(correct, pairs)
    found = {"value": 0.71234, "low": 0.70123, "high": 0.72345, "pairs": 9000, "articles": 2000, "method": "bootstrap"}
    reliability = [{"stated": 0.05 + bin_ / 10, "observed": 0.04 + bin_ / 10, "pairs": 3300} for bin_ in range(10)]
    return Row(
        set=key,
        entrant=Entrant(
            name, f"Model {number}", "model", ("Ada Lovelace", "Alan Turing"), "MIT", None, 10**6 * (number + 1), ()
        ),
        modality=Modality.VISION_TEXT,
        failure=None,
        unranked=None,
        macro=whole,
        micro=whole,
        categories={c: _estimate(part, pairs) for c, part in zip(CATEGORIES, by_category, strict=True)},
        asked=asked,
        correct=tuple(int(count) for count in correct),
        scores={
            "strata": {"step distance": dict.fromkeys("123", found), "method": dict.fromkeys(("same", "other"), found)},
            "calibration": {"brier": 0.2, "log_loss": 0.6, "reliability": reliability},
            "transitivity": {"triads": 1000, "cyclic": 0.01},
        },
        isolation={"sandbox": "docker", "isolated": True, "covers": ["network", "files"], "exposes": []},
        trust={"stateful": False},
        date="2026-11-23",
        provenance={
            "bundle": _digest(f"bundle {name}"),
            "submission": _digest(f"submission {name}"),
            "image": f"sha256:{_digest(f'image {name}')}",
            "weights": _digest(f"weights {name}"),
            "harness": "0.1.0",
            "protocol": 1,
            "seed": 0,
        },
    )
