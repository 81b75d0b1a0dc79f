"""Speed of the gap statistics of 33,000 pairs x 3 vectors x 768, against reading the vectors from a file.

python -m tests.benchmarks.embedding_speed --size full
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.records import Step, StepPair
from harness.statistics.embedding_gap import Embeddings
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Size, Timed, compared, timed

DIMENSION, BATCH = 768, 256
PAIRS = {Size.TINY: 600, Size.QUICK: 10_000, Size.FULL: 33_000}
PAIRS_PER_ARTICLE = 15


def questions(count: int) -> list[StepPair]:
    """Return pairs that share pictures, like those of one article."""
    return [
        StepPair(
            f"{n}",
            f"category {n // PAIRS_PER_ARTICLE % 10}",
            "Go",
            Step("a", f"{n % (count * 3 // 5)}"),
            Step("b", f"{n % (count * 3 // 5 - 1)}b"),
        )
        for n in range(count)
    ]


def add_up(pairs: list[StepPair], vectors: np.ndarray) -> Embeddings:
    """Return the sums of the vectors, added batch by batch as in an evaluation."""
    count = len(pairs)
    articles = [str(n // PAIRS_PER_ARTICLE) for n in range(count)]
    found = Embeddings(frozenset(f"{n}" for n in range(0, count, max(1, count // 500))))
    for at in range(0, count, BATCH):
        part, cut = vectors[at : at + BATCH], slice(at, at + BATCH)
        found.add(pairs[cut], articles[cut], part[:, 0], part[:, 1], part[:, 2])
    return found


def rows(size: Size) -> Iterator[Row]:
    count = PAIRS[size]
    pairs = questions(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, np.random.default_rng(0).standard_normal((count, 3, DIMENSION), dtype=np.float32))
        vectors = np.load(path)
        added: list[Timed] = []

        def ours() -> Timed:
            added.append(timed(lambda: add_up(pairs, vectors))())
            return added[-1]

        name = f"gap statistics of {count:,} pairs"
        yield compared(f"{name}, added up", "reading the vectors", ours, timed(lambda: np.load(path)), repeats=3)
    finished = timed(lambda: added[-1].result.finish(b"speed"))()
    limit = "2,000 resamples of the articles, and a classifier on held-out pairs"
    yield Row(f"{name}, finished, once", "", (finished.seconds,), "s", limit=limit)


if __name__ == "__main__":
    measuring.main(rows, __doc__)
