"""What a second modality is worth: the difference in macro accuracy between two rows of one submission. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import stdtrit

from harness.records import Modality
from leaderboard import ranking
from leaderboard.rows import Row, contest

DIGITS = 6
GAPS = {  # what the difference tells: is the second modality used?
    "pictures": (Modality.VISION_TEXT, Modality.TEXT),
    "text": (Modality.VISION_TEXT, Modality.VISION),
}


def gaps(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Of one submission's scored rows on one set: V+T minus T, V+T minus V, each paired by article, with its own 95 %
    interval (Student's t with Satterthwaite's degrees of freedom; not simultaneous over the board).
    """
    places = {row.modality: place for place, row in enumerate(rows)}
    wanted = {name: pair for name, pair in GAPS.items() if all(modality in places for modality in pair)}
    if not wanted:
        return {}
    asked = contest(rows)
    macro, influence = ranking.influences(asked)
    variance, degrees = ranking.differences(asked, influence)
    found = {}
    for name, (both, one) in wanted.items():
        i, j = places[both], places[one]
        value = macro[i] - macro[j]
        half = stdtrit(degrees[i, j], (1 + ranking.LEVEL) / 2) * np.sqrt(variance[i, j])
        told = asked.smallest >= 2 and variance[i, j] > 0
        low, high = (round(float(end), DIGITS) if told else None for end in (value - half, value + half))
        found[name] = {"value": round(float(value), DIGITS), "low": low, "high": high}
    return found
