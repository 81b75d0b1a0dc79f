"""How fast are the gap statistics of 33,000 pairs x 3 vectors x 768, against reading them?

    python -m tests.benchmarks.embedding_speed

Prints the time of reading the vectors from a file, of adding them up batch by batch, and of finishing.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from harness.records import Step, StepPair
from harness.statistics.embedding_gap import Embeddings

PAIRS, DIMENSION, ARTICLES, BATCH = 33_000, 768, 2_211, 256


def main() -> None:
    rng = np.random.default_rng(0)
    pairs = [
        StepPair(f"{n}", f"category {n % ARTICLES % 10}", "Go", Step("a", f"{n % 20_000}"), Step("b", f"{n % 19_999}b"))
        for n in range(PAIRS)
    ]
    articles = [str(n % ARTICLES) for n in range(PAIRS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, rng.standard_normal((PAIRS, 3, DIMENSION), dtype=np.float32))
        began = time.perf_counter()
        vectors = np.load(path)
        print(f"reading {path.stat().st_size / 1e6:.0f} MB: {time.perf_counter() - began:.2f} s")
        began = time.perf_counter()
        found = Embeddings(frozenset(f"{n}" for n in range(0, PAIRS, PAIRS // 500)))
        for at in range(0, PAIRS, BATCH):
            part = vectors[at : at + BATCH]
            cut = slice(at, at + BATCH)
            found.add(pairs[cut], articles[cut], part[:, 0], part[:, 1], part[:, 2])
        print(f"adding up: {time.perf_counter() - began:.2f} s")
        began = time.perf_counter()
        found.finish(b"speed")
        print(f"finishing, with 2,000 resamples of {ARTICLES} articles: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
