"""A control that reads only the title, so all pairs of one article get the same answer."""

import hashlib

from harness.serve import Pair, Predict, Start, serve


def load(start: Start) -> Predict:
    """Return the function that answers by a hash of seed and title."""

    def predict(pairs: list[Pair]) -> list[float]:
        return [hashlib.sha256(f"{start.seed} {pair.title}".encode()).digest()[0] / 255 for pair in pairs]

    return predict


serve(load, name="title_only")
