"""Guessers that hold everything but the release key: questions, all recorded ground truth, the spec and both rules.

Each guesser gives every pair a score; a higher score means "more likely a canary". A rule without a tell leaves them
at chance: of the pairs that they rank first, the share of canaries is the share of canaries in the set.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from statistics import fmean

from harness import keyed
from harness.contract.frozen_set import FrozenSet
from harness.records import GroundTruth, StepPair
from tests.dataset_builder.pairs.coin_canaries import joined

Scores = Mapping[str, float]  # by article id, or by pair id
Row = tuple[StepPair, GroundTruth]


def by_article(frozen: FrozenSet) -> dict[str, list[Row]]:
    """Return the rows of each article."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for pair, truth in zip(frozen.questions, frozen.truths, strict=True):
        rows[truth.article_id].append((pair, truth))
    return rows


def edges_of(rows: Sequence[Row]) -> list[tuple[int, int]]:
    return [(min(truth.positions), max(truth.positions)) for _, truth in rows]


def contradictions(rows: Sequence[Row]) -> float:
    """Count steps at two positions, positions with two steps, and cyclic triads."""
    places: dict[str, set[int]] = defaultdict(set)
    steps: dict[int, set[str]] = defaultdict(set)
    for pair, truth in rows:
        for step, place in zip((pair.first, pair.second), truth.positions, strict=True):
            places[step.image].add(place)
            steps[place].add(step.image)
    before = {(min(t.positions), max(t.positions)): t.label == (t.positions[0] < t.positions[1]) for _, t in rows}
    cycles = sum(
        before[a, b] == before[b, c] != before[a, c]
        for a, b, c in combinations(sorted(steps), 3)
        if {(a, b), (b, c), (a, c)} <= before.keys()
    )
    return sum(len(held) - 1 for held in (*places.values(), *steps.values())) + cycles


def imbalance(rows: Sequence[Row]) -> float:
    return abs(fmean(truth.label for _, truth in rows) - 0.5)


def balance(rows: Sequence[Row]) -> float:
    return -imbalance(rows)


def few_pairs(rows: Sequence[Row]) -> float:
    return -len(rows)


def many_pairs(rows: Sequence[Row]) -> float:
    return len(rows)


def many_positions(rows: Sequence[Row]) -> float:
    return len({place for _, truth in rows for place in truth.positions})


def late_positions(rows: Sequence[Row]) -> float:
    return max(place for _, truth in rows for place in truth.positions)


def near_steps(rows: Sequence[Row]) -> float:
    return -fmean(later - earlier for earlier, later in edges_of(rows))


def far_steps(rows: Sequence[Row]) -> float:
    return -near_steps(rows)


def ids(rows: Sequence[Row]) -> float:
    return fmean(int(pair.pair_id, 16) for pair, _ in rows)


def picture_names(rows: Sequence[Row]) -> float:
    """Share of pairs whose recorded order is the order of the pictures' names."""
    return fmean((pair.first.image < pair.second.image) == bool(truth.label) for pair, truth in rows)


def same_method(rows: Sequence[Row]) -> float:
    return fmean(truth.strata.get("method") == "same" for _, truth in rows)


def scattered_methods(rows: Sequence[Row]) -> float:
    """Share of pairs in different methods that stand between the steps of a pair of one method."""
    pairs = [(edge, truth.strata.get("method")) for edge, (_, truth) in zip(edges_of(rows), rows, strict=True)]
    return sum(
        outer[0] <= inner[0] < inner[1] <= outer[1]
        for outer, kind in pairs
        for inner, other in pairs
        if kind == "same" and other == "cross"
    )


def public_draw(seed: bytes, steps: int) -> Callable[[Sequence[Row]], float]:
    """Return the guesser that repeats the public draw of pairs from the recorded positions."""

    def misfit(rows: Sequence[Row]) -> float:
        name = rows[0][1].article_id
        ranked = sorted(combinations(range(steps), 2), key=lambda pair: keyed.digest(seed, "pair", name, *pair))
        return len(set(edges_of(rows)) - set(ranked[: len(rows)]))

    return misfit


def duplicates(frozen: FrozenSet) -> Scores:
    """Score articles by the disagreement of their recorded order with articles that show the same pictures."""
    order: dict[tuple[str, str], set[str]] = defaultdict(set)
    for pair, truth in zip(frozen.questions, frozen.truths, strict=True):
        one, other = (pair.first.image, pair.second.image) if truth.label else (pair.second.image, pair.first.image)
        order[one, other].add(truth.article_id)
    scores: Counter[str] = Counter()
    for (one, other), articles in order.items():
        if opposed := order.get((other, one), set()):
            scores.update(articles | opposed)
    return scores


def row_order(frozen: FrozenSet) -> Scores:
    """Score articles by the mean place of their rows."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, truth in enumerate(frozen.truths):
        places[truth.article_id].append(place)
    return {name: fmean(held) for name, held in places.items()}


def provably_safe(frozen: FrozenSet) -> set[str]:
    """Return the pairs that the rule of earlier releases never makes canaries: a chain of other pairs joins them."""
    return {
        pair.pair_id
        for rows in by_article(frozen).values()
        for edge, (pair, _) in zip(edges_of(rows), rows, strict=True)
        if joined(edge, edges_of(rows), set())
    }


GUESSERS: dict[str, Callable[[Sequence[Row]], float]] = {
    "contradictions": contradictions,
    "imbalance": imbalance,
    "balance": balance,
    "few pairs": few_pairs,
    "many pairs": many_pairs,
    "many positions": many_positions,
    "late positions": late_positions,
    "near steps": near_steps,
    "far steps": far_steps,
    "ids": ids,
    "picture names": picture_names,
    "same method": same_method,
    "scattered methods": scattered_methods,
}


def article_scores(frozen: FrozenSet, seed: bytes, steps: int) -> dict[str, Scores]:
    """Return the score of every article by every guesser."""
    rows = by_article(frozen)
    guessers = {**GUESSERS, "public draw": public_draw(seed, steps)}
    found: dict[str, Scores] = {
        name: {article: guess(held) for article, held in rows.items()} for name, guess in guessers.items()
    }
    return {**found, "duplicates": duplicates(frozen), "row order": row_order(frozen)}


def auc(scores: Scores, articles: Sequence[str], secret: set[str]) -> float:
    """Return the probability that a canary article scores above an ordinary one; ties count half."""
    mine = [scores.get(name, 0.0) for name in articles if name in secret]
    theirs = [scores.get(name, 0.0) for name in articles if name not in secret]
    wins = sum((a > b) + 0.5 * (a == b) for a in mine for b in theirs)
    return wins / (len(mine) * len(theirs))
