"""Counts of correct and asked pairs per article, and the rounding of every number that is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from harness.contract.bundle import ArticleCount
from harness.errors import InputError, SubmissionError
from harness.records import GroundTruth, StepPair, predicted_label
from harness.statistics.intervals import Counts

DIGITS = 6  # a tenth of the weight of one pair in 100,000


@dataclass(frozen=True)
class Tally:
    """Counts per article of one group of pairs. correct, asked: int64 (articles,), aligned with the sorted names."""

    category: str
    articles: tuple[str, ...]
    correct: Counts
    asked: Counts

    @property
    def pairs(self) -> int:
        return int(self.asked.sum())

    @property
    def right(self) -> int:
        return int(self.correct.sum())

    @property
    def accuracy(self) -> float:
        return self.right / self.pairs


def grade(
    questions: Sequence[StepPair], truths: Sequence[GroundTruth], predictions: Mapping[str, float]
) -> dict[str, int]:
    """Return 1 for each pair whose predicted label is correct, else 0, by pair id.

    Args:
        truths: the ground truth of the questions, in the same order.
        predictions: the probability of being in order, by pair id. Other pairs, such as canaries, are ignored.

    Raises:
        SubmissionError: a question has no prediction.
        InputError: there is no question, or the ground truth is of other pairs.
    """
    if not questions:
        raise InputError("there is no pair to score; wanted at least one")
    if [pair.pair_id for pair in questions] != [truth.pair_id for truth in truths]:
        raise InputError(
            "questions and ground truth do not hold the same pairs in the same order; load both from one set"
        )
    missing = [pair.pair_id for pair in questions if pair.pair_id not in predictions]
    if missing:
        raise SubmissionError(
            f"answers {len(questions) - len(missing)} of {len(questions)} pairs; {len(missing)} missing, such as "
            f"{missing[0]}. Answer each pair exactly once."
        )
    return {t.pair_id: int(predicted_label(predictions[t.pair_id]) == t.label) for t in truths}


def by_category(
    questions: Sequence[StepPair], truths: Sequence[GroundTruth], correct: Mapping[str, int]
) -> list[Tally]:
    """Return one tally per category, in alphabetical order.

    Raises:
        InputError: an article has pairs in two categories.
    """
    home: dict[str, str] = {}
    groups: dict[str, list[GroundTruth]] = {}
    for pair, truth in zip(questions, truths, strict=True):
        if home.setdefault(truth.article_id, pair.category) != pair.category:
            raise InputError(
                f"article {truth.article_id} has pairs in {home[truth.article_id]} and in {pair.category}; "
                "intervals need each article in one category. Rebuild the set."
            )
        groups.setdefault(pair.category, []).append(truth)
    return [of_group(category, groups[category], correct) for category in sorted(groups)]


def of_group(name: str, truths: Iterable[GroundTruth], correct: Mapping[str, int]) -> Tally:
    """Return the tally of any group of pairs, with `name` in place of the category."""
    counts: dict[str, list[int]] = {}
    for truth in truths:
        row = counts.setdefault(truth.article_id, [0, 0])
        row[0] += correct[truth.pair_id]
        row[1] += 1
    return from_counts(name, counts)


def from_counts(category: str, counts: Mapping[str, Sequence[int]]) -> Tally:
    """Return the tally of a category from (correct, asked) by article."""
    articles = tuple(sorted(counts))
    table = np.array([counts[article] for article in articles], dtype=np.int64)
    return Tally(category, articles, table[:, 0], table[:, 1])


def of_articles(counts: Iterable[ArticleCount]) -> list[Tally]:
    """Return one tally per category, in alphabetical order, from the counts of a bundle."""
    groups: dict[str, dict[str, tuple[int, int]]] = {}
    for count in counts:
        groups.setdefault(count.category, {})[count.article] = (count.correct, count.asked)
    return [from_counts(category, groups[category]) for category in sorted(groups)]


@overload
def rounded(number: float) -> float: ...
@overload
def rounded(number: None) -> None: ...
@overload
def rounded(number: float | None) -> float | None: ...
def rounded(number: float | None) -> float | None:
    """Return a number with six digits, so that deriving it again gives the same text."""
    return None if number is None else round(float(number), DIGITS)
