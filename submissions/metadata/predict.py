"""Looks at the pictures' files and not into them: says that the smaller file comes first."""

import math
from pathlib import Path

from harness.serve import Pair, serve


def predict(pairs: list[Pair]) -> list[float]:
    """A file half as large as the other gets 2/3; equal ones get 1/2."""
    sizes = [[Path(image).stat().st_size + 1 for image in pair.images or ()] for pair in pairs]
    return [1 / (1 + math.exp(math.log(first) - math.log(second))) for first, second in sizes]


serve(lambda _: predict, name="metadata")
