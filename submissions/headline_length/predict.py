"""A control that answers that the step with the shorter headline comes first."""

import math

from harness.serve import Pair, serve


def shorter_first(first: str, second: str) -> float:
    """Return 1/2 for equal lengths and 0.73 for a first headline that is ten characters shorter."""
    return 1 / (1 + math.exp((len(first) - len(second)) / 10))


def predict(pairs: list[Pair]) -> list[float]:
    return [shorter_first(*pair.headlines) for pair in pairs if pair.headlines]


serve(lambda _: predict, name="headline_length")
