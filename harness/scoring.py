"""What the benchmark says of one result: a pure function of questions, answers and predictions.

The headline is the macro accuracy, the mean over categories of eq. 4, so that a large category counts no more than a
small one; micro counts every pair once. Intervals are clustered by article (`intervals.py`). All numbers are rounded
to six digits, a tenth of what one pair in 100,000 weighs, so that re-deriving them gives the same text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import intervals
from harness.records import Answer, InputError, Prediction, StepPair, SubmissionError

DIGITS = 6


@dataclass(frozen=True)
class Tally:
    """What one category's articles got. correct, asked: int64 (articles,), aligned with the sorted article names."""

    category: str
    articles: tuple[str, ...]
    correct: intervals.Counts
    asked: intervals.Counts

    @property
    def pairs(self) -> int:
        return int(self.asked.sum())

    @property
    def accuracy(self) -> float:
        return int(self.correct.sum()) / self.pairs


def score(
    questions: Sequence[StepPair], answers: Sequence[Answer], predictions: Mapping[str, float], key: bytes
) -> dict[str, Any]:
    """Every score of one result, ready for JSON. key: what the bootstrap draws by.

    Raises SubmissionError if a question has no prediction. Predictions of other pairs, as canaries are, are left alone.
    """
    correct = grade(questions, answers, predictions)
    return {"accuracy": accuracy(tally(questions, answers, correct), key)}


def grade(questions: Sequence[StepPair], answers: Sequence[Answer], predictions: Mapping[str, float]) -> dict[str, int]:
    """1 or 0 for each pair: is the predicted label the true one?"""
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


def tally(questions: Sequence[StepPair], answers: Sequence[Answer], correct: Mapping[str, int]) -> list[Tally]:
    """Counts per article, by category in alphabetical order."""
    home: dict[str, str] = {}
    counts: dict[str, dict[str, list[int]]] = {}
    for pair, answer in zip(questions, answers, strict=True):
        if home.setdefault(answer.article_id, pair.category) != pair.category:
            raise InputError(
                f"article {answer.article_id} has pairs in {home[answer.article_id]} and in {pair.category}; "
                "intervals need each article in one category. Rebuild the set."
            )
        row = counts.setdefault(pair.category, {}).setdefault(answer.article_id, [0, 0])
        row[0] += correct[pair.pair_id]
        row[1] += 1
    return [from_counts(category, counts[category]) for category in sorted(counts)]


def from_counts(category: str, counts: Mapping[str, Sequence[int]]) -> Tally:
    """counts: (correct, asked) of each article, which is all that ranking needs."""
    articles = tuple(sorted(counts))
    table = np.array([counts[article] for article in articles], dtype=np.int64)
    return Tally(category, articles, table[:, 0], table[:, 1])


def accuracy(tallies: Sequence[Tally], key: bytes) -> dict[str, Any]:
    """Macro, micro and categories, each with its interval."""
    drawn = [intervals.resampled(t.correct, t.asked, key, t.category) for t in tallies]
    articles = [len(t.articles) for t in tallies]
    pairs = sum(t.pairs for t in tallies)
    macro = sum(t.accuracy for t in tallies) / len(tallies)
    micro = sum(int(t.correct.sum()) for t in tallies) / pairs
    drawn_macro = np.mean([d.accuracy for d in drawn], axis=0)
    drawn_micro = np.sum([d.correct for d in drawn], axis=0) / np.sum([d.asked for d in drawn], axis=0)
    return {
        "macro": _bounded(macro, intervals.of_several(macro, drawn_macro, articles)),
        "micro": _bounded(micro, intervals.of_several(micro, drawn_micro, articles)) | {"pairs": pairs},
        "categories": {t.category: _category(t, d) for t, d in zip(tallies, drawn, strict=True)},
    }


def rounded(number: float | None) -> float | None:
    return None if number is None else round(float(number), DIGITS)


def _category(tally: Tally, drawn: intervals.Resampled) -> dict[str, Any]:
    interval = intervals.of_category(tally.correct, tally.asked, drawn)
    naive = intervals.wilson(int(tally.correct.sum()), tally.pairs)
    return _bounded(tally.accuracy, interval) | {
        "pairs": tally.pairs,
        "articles": len(tally.articles),
        "method": interval.method,
        "wilson": [rounded(end) for end in naive],
    }


def _bounded(value: float, interval: intervals.Interval) -> dict[str, Any]:
    return {"value": rounded(value), "low": rounded(interval.low), "high": rounded(interval.high)}
