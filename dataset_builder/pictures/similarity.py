"""Similar pictures: which articles show which picture, perceptual hashes, near neighbours, and pixel comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataset_builder.articles.article import IllustratedArticle
from dataset_builder.workspace import shelf

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

BITS = 64
PLAIN = 256  # pictures with the same hash: drawings too plain for it to tell apart; only equal bytes link them
SIDE = 64  # pixels of the copies that are compared
KEPT = 4096  # entries of each cache: 12 KB per copy; the pictures of one article come together
BLOCK = 512  # rows compared at a time
SIGN = 1 << 63  # SQLite's integers are signed, hashes are not

SHOWN = "CREATE TABLE shown (picture TEXT, article TEXT, look INTEGER, PRIMARY KEY (picture, article)) WITHOUT ROWID"
PICTURES = "CREATE TABLE pictures (number INTEGER PRIMARY KEY, name TEXT, look INTEGER, articles INTEGER)"
COUNT = "INSERT INTO pictures SELECT NULL, picture, look, count(*) FROM shown GROUP BY picture ORDER BY picture"


class PictureIndex:
    """Index of pictures and the articles that show them, on disk. Pictures are numbered from 0 in order of name."""

    def __init__(self, path: Path) -> None:
        self._database = shelf.database(path)
        self._database.execute(SHOWN)
        self._database.execute(PICTURES)
        self.name = lru_cache(KEPT)(self._name)
        self.articles = lru_cache(KEPT)(self._articles)

    def fill(self, articles: Iterable[IllustratedArticle]) -> None:
        """Add every picture of the articles, and count the articles of each. Call it once."""
        rows = (
            (picture.name, one.article_id, picture.perceptual_hash - SIGN)
            for one in articles
            for picture in one.pictures
        )
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR IGNORE INTO shown VALUES (?, ?, ?)", rows)
        self._database.execute(COUNT)
        self._database.execute("COMMIT")

    def hashes(self) -> NDArray[np.uint64]:
        """Return the perceptual hash of each picture, by number."""
        rows = self._database.execute("SELECT look FROM pictures ORDER BY number")
        return np.fromiter((value for (value,) in rows), dtype=np.int64).view(np.uint64) ^ np.uint64(SIGN)

    def in_more_than(self, articles: int) -> Iterator[str]:
        """Yield the name of every picture that more than this many articles show."""
        found = self._database.execute("SELECT name FROM pictures WHERE articles > ? ORDER BY number", (articles,))
        return (name for (name,) in found)

    def _name(self, number: int) -> str:
        (name,) = self._database.execute("SELECT name FROM pictures WHERE number = ?", (number + 1,)).fetchone()
        return str(name)

    def _articles(self, name: str) -> tuple[str, ...]:
        """Return the ids of the articles that show a picture."""
        found = self._database.execute("SELECT article FROM shown WHERE picture = ? ORDER BY article", (name,))
        return tuple(article for (article,) in found)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def perceptual_hash(image: Image.Image) -> int:
    """Return the 64-bit DCT hash of a picture (Zauner 2010, as imagehash computes it)."""
    from imagehash import phash

    return int.from_bytes(np.packbits(phash(image).hash).tobytes())


def neighbours(hashes: Sequence[int] | NDArray[np.uint64], distance: int) -> Iterator[tuple[int, int]]:
    """Yield every a < b whose hashes differ in at most `distance` bits, each pair once.

    The bits are divided into `distance` + 1 bands; two such hashes agree in at least one band, so only hashes that
    share a band are compared.
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
            yield from _near_pairs(values, run, distance, bands[:number])


def _plain(values: NDArray[np.uint64]) -> NDArray[np.bool_]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(count[place] > PLAIN)


def _bands(count: int) -> Iterator[tuple[np.uint64, np.uint64]]:
    """Yield shift and mask of each of `count` bands that together hold all bits."""
    edges = np.linspace(0, BITS, count + 1).astype(int)
    for low, high in pairwise(edges):
        yield np.uint64(low), np.uint64((1 << int(high - low)) - 1)


def _near_pairs(
    values: NDArray[np.uint64], run: NDArray[np.intp], distance: int, earlier: Sequence[tuple[np.uint64, np.uint64]]
) -> Iterator[tuple[int, int]]:
    """Yield the near pairs of one run that no earlier band has given."""
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


class SmallCopies:
    """Small copies of stored pictures, made on demand; a bounded number is cached."""

    def __init__(self, pool: Path) -> None:
        self._pool = pool
        self._copy = lru_cache(KEPT)(self._shrink)

    def difference(self, one: str, other: str) -> float:
        """Return the mean absolute difference of two pictures' 64 x 64 copies, 0 to 255 per channel."""
        return float(np.abs(self._copy(one) - self._copy(other)).mean())

    def _shrink(self, name: str) -> NDArray[np.int16]:
        from PIL import Image

        with Image.open(self._pool / name) as image:
            image.draft("RGB", (SIDE, SIDE))
            small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
        return np.asarray(small, dtype=np.int16)
