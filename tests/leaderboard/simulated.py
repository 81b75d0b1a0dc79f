"""Boards of simulated rows: as many as wanted, whose true accuracies are known, as rich as real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.contract.result import (
    AccuracyEstimate,
    Calibration,
    GroupAccuracy,
    Isolation,
    ReliabilityBin,
    Transitivity,
    Trust,
)
from harness.records import Modality
from leaderboard.collect import FiledResult
from leaderboard.document import Entrant, OtherScores, Provenance, Row, SetKey

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


def counts(skill: Sequence[float], articles: int, pairs: int | None, seed: int) -> tuple[Asked, np.ndarray]:
    """What was asked, and what rows of these true accuracies get right (articles, rows), in each category `articles`
    articles of `pairs` pairs; `None`: of 1 to 60, by Pareto's law. Articles differ in difficulty, in part alike for all
    rows.
    """
    generator = np.random.default_rng(seed)
    shape = (articles * len(CATEGORIES), len(skill))
    hardness = 0.4 * generator.normal(size=(shape[0], 1)) + 0.4 * generator.normal(size=shape)
    chance = 1 / (1 + np.exp(-(np.log(np.divide(skill, np.subtract(1, skill))) + hardness)))
    pareto = np.minimum(60, 1 + generator.pareto(1.0, shape[0])).astype(int)
    sizes = pareto if pairs is None else np.full(shape[0], pairs)
    names = [(name, f"{number:05d}") for name in CATEGORIES for number in range(articles)]
    asked = tuple((*name, int(size)) for name, size in zip(names, sizes, strict=True))
    return asked, generator.binomial(sizes[:, None], chance)


def filed(skill: Sequence[float], articles: int = 220, pairs: int = 15, seed: int = 1) -> list[FiledResult]:
    """A row for each true accuracy; 220 x 15 x 10 categories are 33,000 pairs."""
    asked, correct = counts(skill, articles, pairs, seed)
    key = SetKey(
        name="simulated",
        version="1.0",
        subset="test",
        visibility="hidden",
        protocol=1,
        pairs=len(asked) * pairs,
        digest=_digest("set"),
    )
    return [_row(key, number, asked, correct[:, number], pairs) for number in range(len(skill))]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _estimate(correct: np.ndarray, pairs: int) -> AccuracyEstimate:
    value = float(correct.mean()) / pairs
    half = 1.96 * float(correct.std()) / pairs / len(correct) ** 0.5
    low, high = (round(min(1.0, max(0.0, end)), 6) for end in (value - half, value + half))
    return AccuracyEstimate(value=round(value, 6), low=low, high=high)


def _row(key: SetKey, number: int, asked: Asked, correct: np.ndarray, pairs: int) -> FiledResult:
    name = f"model-{number:04d}"
    by_category = correct.reshape(len(CATEGORIES), -1)
    whole = _estimate(correct, pairs)
    row = Row(
        submission=Entrant(
            name=name,
            title=f"Model {number}",
            kind="model",
            authors=("Ada Lovelace", "Alan Turing"),
            licence="MIT",
            paper=None,
            parameters=10**6 * (number + 1),
            training_data=(),
        ),
        modality=Modality.VISION_TEXT,
        standing=None,
        unranked=(),
        failure=None,
        released=None,
        macro=whole,
        micro=whole,
        categories={c: _estimate(part, pairs) for c, part in zip(CATEGORIES, by_category, strict=True)},
        scores=_other_scores(),
        isolation=Isolation(sandbox="docker", isolated=True, covers=("network", "files"), exposes=()),
        trust=Trust(stateful=False, probed=0),
        date="2026-11-23",
        signer=None,
        provenance=Provenance(
            bundle=_digest(f"bundle {name}"),
            submission=_digest(f"submission {name}"),
            image=f"sha256:{_digest(f'image {name}')}",
            weights=_digest(f"weights {name}"),
            harness="0.1.0",
            protocol=1,
            seed=0,
        ),
    )
    counts = tuple(int(count) for count in correct)
    return FiledResult(set=key, row=row, asked=asked, correct=counts, root=Path(row.submission.name))


def _other_scores() -> OtherScores:
    found = GroupAccuracy(value=0.71234, low=0.70123, high=0.72345, pairs=9000, articles=2000, method="bootstrap")
    bins = [ReliabilityBin(stated=0.05 + n / 10, observed=0.04 + n / 10, pairs=3300) for n in range(10)]
    return OtherScores(
        strata={"step distance": dict.fromkeys("123", found), "method": dict.fromkeys(("same", "other"), found)},
        calibration=Calibration(
            brier=0.2, log_loss=0.6, expected_calibration_error=0.05, predicted_in_order=0.5, reliability=bins
        ),
        transitivity=Transitivity(triads=1000, cyclic=10),
    )
