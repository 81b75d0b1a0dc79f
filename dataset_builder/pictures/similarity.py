"""How pictures look: perceptual hashes, a search for near ones, and the comparison that confirms them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

BITS = 64
PLAIN = 256  # pictures under one hash: drawings too plain for the hash to tell anything; only same bytes link them
SIDE = 64  # of the copies that are compared, in pixels
KEPT = 4096  # copies in memory, 12 KB each
BLOCK = 512  # rows of a comparison at a time


def look(image: Image.Image) -> int:
    """The 64-bit DCT hash of a picture (Zauner 2010, as imagehash computes it)."""
    from imagehash import phash

    return int.from_bytes(np.packbits(phash(image).hash).tobytes())


def neighbours(hashes: Sequence[int] | NDArray[np.uint64], distance: int) -> Iterator[tuple[int, int]]:
    """Every a < b whose hashes differ in at most `distance` bits, each once.

    Of `distance` + 1 bands of bits, two such hashes agree in one at least: only those that share a band are compared.
    """
    values = np.asarray(hashes, dtype=np.uint64)
    plain = _plain(values)
    bands = list(_bands(distance + 1))
    for number, (shift, mask) in enumerate(bands):
        keys = (values >> shift) & mask
        line = np.argsort(keys, kind="stable")
        line = line[~plain[line]]
        ends = np.flatnonzero(np.diff(keys[line])) + 1
        for run in np.split(line, ends):
            yield from _pairs(values, run, distance, bands[:number])


def _plain(values: NDArray[np.uint64]) -> NDArray[np.bool_]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(count[place] > PLAIN)


def _bands(count: int) -> Iterator[tuple[np.uint64, np.uint64]]:
    """Shift and mask of each of `count` bands that together hold all bits."""
    edges = np.linspace(0, BITS, count + 1).astype(int)
    for low, high in pairwise(edges):
        yield np.uint64(low), np.uint64((1 << int(high - low)) - 1)


def _pairs(
    values: NDArray[np.uint64], run: NDArray[np.intp], distance: int, earlier: Sequence[tuple[np.uint64, np.uint64]]
) -> Iterator[tuple[int, int]]:
    """The near pairs of one run that no earlier band has given."""
    if len(run) < 2:
        return
    run = np.sort(run)
    for start in range(0, len(run), BLOCK):
        apart = values[run[start : start + BLOCK], None] ^ values[None, run]
        near = np.bitwise_count(apart) <= distance
        for shift, mask in earlier:
            near &= (apart >> shift) & mask != 0
        rows, columns = np.nonzero(np.triu(near, k=start + 1))
        yield from zip(run[start + rows].tolist(), run[columns].tolist(), strict=True)


class Copies:
    """Small copies of stored pictures, made when they are asked for; a bounded number is kept."""

    def __init__(self, pool: Path) -> None:
        self._pool = pool
        self._copy = lru_cache(KEPT)(self._shrink)

    def difference(self, one: str, other: str) -> float:
        """Mean absolute difference of two pictures' 64 x 64 copies, 0 to 255 a channel."""
        return float(np.abs(self._copy(one) - self._copy(other)).mean())

    def _shrink(self, name: str) -> NDArray[np.int16]:
        from PIL import Image

        with Image.open(self._pool / name) as image:
            image.draft("RGB", (SIDE, SIDE))
            small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
        return np.asarray(small, dtype=np.int16)
