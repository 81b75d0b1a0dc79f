"""Which articles show which picture, and how each picture looks: kept on disk, for there are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataset_builder.articles.filters import Illustrated
from dataset_builder.workspace import shelf

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEPT = 4096  # answers at hand: the pictures of one article come together
SIGN = 1 << 63  # of SQLite's integers; a look has none

SHOWN = "CREATE TABLE shown (picture TEXT, article TEXT, look INTEGER, PRIMARY KEY (picture, article)) WITHOUT ROWID"
PICTURES = "CREATE TABLE pictures (number INTEGER PRIMARY KEY, name TEXT, look INTEGER, articles INTEGER)"
COUNT = "INSERT INTO pictures SELECT NULL, picture, look, count(*) FROM shown GROUP BY picture ORDER BY picture"


class Sightings:
    """Pictures have numbers, from 0, in the order of their names."""

    def __init__(self, path: Path) -> None:
        self._database = shelf.database(path)
        self._database.execute(SHOWN)
        self._database.execute(PICTURES)
        self.name = lru_cache(KEPT)(self._name)
        self.articles = lru_cache(KEPT)(self._articles)

    def fill(self, articles: Iterable[Illustrated]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR IGNORE INTO shown VALUES (?, ?, ?)", _sightings(articles))
        self._database.execute(COUNT)
        self._database.execute("COMMIT")

    def looks(self) -> NDArray[np.uint64]:
        """The perceptual hash of each picture, by number."""
        rows = self._database.execute("SELECT look FROM pictures ORDER BY number")
        return np.fromiter((look for (look,) in rows), dtype=np.int64).view(np.uint64) ^ np.uint64(SIGN)

    def in_more_than(self, articles: int) -> Iterator[str]:
        """Every picture that more than so many articles show, by name."""
        found = self._database.execute("SELECT name FROM pictures WHERE articles > ? ORDER BY number", (articles,))
        return (name for (name,) in found)

    def _name(self, number: int) -> str:
        (name,) = self._database.execute("SELECT name FROM pictures WHERE number = ?", (number + 1,)).fetchone()
        return str(name)

    def _articles(self, name: str) -> tuple[str, ...]:
        """The articles that show a picture, by id."""
        found = self._database.execute("SELECT article FROM shown WHERE picture = ? ORDER BY article", (name,))
        return tuple(article for (article,) in found)

    def close(self) -> None:
        self._database.close()


def _sightings(articles: Iterable[Illustrated]) -> Iterator[tuple[str, str, int]]:
    for one in articles:
        for picture in one.pictures:
            yield picture.name, one.article.article_id, picture.look - SIGN
