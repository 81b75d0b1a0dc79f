"""Reads the title and nothing else, and answers every question under one title alike."""

import hashlib

from harness.serve import Pair, Predict, Start, serve


def load(start: Start) -> Predict:
    def predict(pairs: list[Pair]) -> list[float]:
        return [hashlib.sha256(f"{start.seed} {pair.title}".encode()).digest()[0] / 255 for pair in pairs]

    return predict


serve(load, name="title_only")
