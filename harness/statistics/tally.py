"""From answers to counts: which pairs were right, and how many of each article."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.errors import InputError, SubmissionError
from harness.records import GroundTruth, Prediction, StepPair
from harness.statistics.intervals import Counts, Interval

DIGITS = 6


@dataclass(frozen=True)
class Tally:
    """What the articles of one category got. correct, asked: int64 (articles,), aligned with the sorted names."""

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
    questions: Sequence[StepPair], answers: Sequence[GroundTruth], predictions: Mapping[str, float]
) -> dict[str, int]:
    """1 or 0 for each pair: is the predicted label the true one?

    Raises SubmissionError if a question has no prediction. Predictions of other pairs, as canaries are, are left alone.
    """
    if not questions:
        raise InputError("there is no pair to score; wanted at least one")
    if [pair.pair_id for pair in questions] != [answer.pair_id for answer in answers]:
        raise InputError("questions and answers do not hold the same pairs in the same order; load both from one set")
    missing = [pair.pair_id for pair in questions if pair.pair_id not in predictions]
    if missing:
        raise SubmissionError(
            f"answers {len(questions) - len(missing)} of {len(questions)} pairs; {len(missing)} missing, such as "
            f"{missing[0]}. Answer each pair exactly once."
        )
    return {a.pair_id: int(Prediction(a.pair_id, predictions[a.pair_id]).label == a.label) for a in answers}


def by_category(
    questions: Sequence[StepPair], answers: Sequence[GroundTruth], correct: Mapping[str, int]
) -> list[Tally]:
    """One tally per category, in alphabetical order."""
    home: dict[str, str] = {}
    groups: dict[str, list[GroundTruth]] = {}
    for pair, answer in zip(questions, answers, strict=True):
        if home.setdefault(answer.article_id, pair.category) != pair.category:
            raise InputError(
                f"article {answer.article_id} has pairs in {home[answer.article_id]} and in {pair.category}; "
                "intervals need each article in one category. Rebuild the set."
            )
        groups.setdefault(pair.category, []).append(answer)
    return [of_group(category, groups[category], correct) for category in sorted(groups)]


def of_group(name: str, answers: Iterable[GroundTruth], correct: Mapping[str, int]) -> Tally:
    """The tally of any group of pairs."""
    counts: dict[str, list[int]] = {}
    for answer in answers:
        row = counts.setdefault(answer.article_id, [0, 0])
        row[0] += correct[answer.pair_id]
        row[1] += 1
    return from_counts(name, counts)


def from_counts(category: str, counts: Mapping[str, Sequence[int]]) -> Tally:
    """counts: (correct, asked) of each article, which is all that ranking needs."""
    articles = tuple(sorted(counts))
    table = np.array([counts[article] for article in articles], dtype=np.int64)
    return Tally(category, articles, table[:, 0], table[:, 1])


def rounded(number: float | None) -> float | None:
    """Six digits, a tenth of what one pair in 100,000 weighs, so that re-deriving a number gives the same text."""
    return None if number is None else round(float(number), DIGITS)


def bounded(value: float, interval: Interval) -> dict[str, Any]:
    return {"value": rounded(value), "low": rounded(interval.low), "high": rounded(interval.high)}
