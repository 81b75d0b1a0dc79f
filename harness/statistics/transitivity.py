"""Do answers about one article fit together? A coin turns a quarter of all triads of steps into cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.records import GroundTruth, Prediction


def of_result(answers: Sequence[GroundTruth], predictions: Mapping[str, float]) -> dict[str, Any]:
    """Of the triads of steps of one article with all three pairs asked: how many were answered as a cycle?"""
    before: dict[str, dict[tuple[int, int], bool]] = {}
    for answer in answers:
        first, second = answer.positions
        in_order = bool(Prediction(answer.pair_id, predictions[answer.pair_id]).label)
        earlier_is_first = in_order == (first < second)
        before.setdefault(answer.article_id, {})[min(first, second), max(first, second)] = earlier_is_first
    triads = cyclic = 0
    for edges in before.values():
        later: dict[int, list[int]] = {}
        for earlier, step in edges:
            later.setdefault(earlier, []).append(step)
        for a, b in edges:
            for c in later.get(b, ()):
                if (a, c) in edges:
                    triads += 1
                    cyclic += edges[a, b] == edges[b, c] != edges[a, c]
    return {"triads": triads, "cyclic": cyclic}
