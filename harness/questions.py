"""The question plan: which pairs are asked together, and in which order."""

from __future__ import annotations

from collections import defaultdict

from harness import keyed
from harness.records import StepPair
from harness.testset import FrozenSet


def plan(frozen: FrozenSet, batch: int) -> list[tuple[StepPair, ...]]:
    """Batches of at most `batch` pairs; no batch holds two pairs of one article.

    Scores of many models move with the composition of batches, so it depends on the set and on `batch` alone. Pair n of
    an article, in keyed order, is asked in round n; a round is cut into batches.
    """
    key = f"questions of {frozen.digest}".encode()
    article = {answer.pair_id: answer.article_id for answer in frozen.answers}
    asked: dict[str, int] = defaultdict(int)
    rounds: dict[int, list[StepPair]] = defaultdict(list)
    for pair in keyed.order(frozen.questions, key, "plan", lambda pair: pair.pair_id):
        owner = article[pair.pair_id]
        rounds[asked[owner]].append(pair)
        asked[owner] += 1
    cut = ((pairs, start) for _, pairs in sorted(rounds.items()) for start in range(0, len(pairs), batch))
    return [tuple(pairs[start : start + batch]) for pairs, start in cut]
