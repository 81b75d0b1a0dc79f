"""Does a predictor mean what it says? Consistency under questions whose right answer is known to be related.

Pure functions over probabilities; which pairs are asked again, and how, is the evaluation's choice (`pipeline.py`).
A coin agrees with itself half the time, has both orders right a quarter of the time, and turns a quarter of all triads
into cycles; a predictor that always answers 1 is never consistent under a swap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.records import Answer
from harness.tally import rounded

ALARM = 1e-6  # the chance that a predictor that never saw the answers trips the alarm


def _label(p: float) -> int:
    return int(p > 0.5)


def swapped(asked: Mapping[str, float], again: Mapping[str, float], answers: Sequence[Answer]) -> dict[str, Any]:
    """The same pairs with their steps exchanged: the label should flip and the probability turn into 1 - p.

    both_orders: the share answered rightly both ways, which no bias towards one answer can raise.
    """
    rows = [(asked[a.pair_id], again[a.pair_id], a.label) for a in answers if a.pair_id in again]
    return _shares(
        len(rows),
        consistent=sum(_label(p) != _label(q) for p, q, _ in rows),
        both_orders=sum(_label(p) == label != _label(q) for p, q, label in rows),
    ) | {"mean_departure": rounded(sum(abs(p + q - 1) for p, q, _ in rows) / len(rows)) if rows else None}


def repeated(asked: Mapping[str, float], again: Mapping[str, float]) -> dict[str, Any]:
    """The same pairs once more, alone or in another batch: nothing should change."""
    rows = [(asked[pair], p) for pair, p in again.items()]
    return _shares(len(rows), consistent=sum(_label(p) == _label(q) for p, q in rows)) | {
        "largest_change": rounded(max((abs(p - q) for p, q in rows), default=0.0))
    }


def canary_verdict(agreements: int, asked: int) -> dict[str, Any]:
    """Coin flips cannot be known: agreeing with too many of them is evidence of access to the answers."""
    from scipy.stats import binom

    p = float(binom.sf(agreements - 1, asked, 0.5))
    return {"agreements": agreements, "asked": asked, "p": p, "alarm": p < ALARM}


def transitivity(answers: Sequence[Answer], predictions: Mapping[str, float]) -> dict[str, Any]:
    """Of the triads of steps of one article with all three pairs asked: how many were answered as a cycle?"""
    before: dict[str, dict[tuple[int, int], bool]] = {}
    for answer in answers:
        first, second = answer.positions
        in_order = bool(_label(predictions[answer.pair_id]))
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


def _shares(asked: int, **counts: int) -> dict[str, Any]:
    """asked, and each count as a share of it; None where nothing was asked."""
    return {"pairs": asked} | {name: rounded(count / asked) if asked else None for name, count in counts.items()}
