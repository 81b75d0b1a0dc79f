"""Records on disk in the order of their keys, so that a build can read them several times without holding them.

A shelf is an SQLite table in the build's own folder. No other program writes there, so its pickles are safe to read.
"""

from __future__ import annotations

import copyreg
import pickle
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, TypeVar

from dataset_builder.articles.article import Article, IllustratedArticle, RawStep, StoredPicture
from harness.records import GroundTruth, Step, StepPair

Shelved = TypeVar("Shelved")
ShelfKey = str | bytes


def _view(content: dict[str, str]) -> MappingProxyType[str, str]:
    return MappingProxyType(content)


def _fields(record: Any) -> tuple[type, tuple[object, ...]]:
    return type(record), tuple(getattr(record, name) for name in record.__slots__)


copyreg.pickle(MappingProxyType, lambda view: (_view, (dict(view),)))  # the strata of a record
for kind in (Article, RawStep, StoredPicture, IllustratedArticle, StepPair, Step, GroundTruth):
    copyreg.pickle(kind, _fields)  # takes half as long as the default for dataclasses


class DoubledError(Exception):
    """Two records have the same key. records: both of them."""

    def __init__(self, *records: Any) -> None:
        super().__init__("two records of one key")
        self.records = records


def database(path: Path) -> sqlite3.Connection:
    """Open a scratch database without journal and without fsync: a build that fails starts from the beginning."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


class Shelf(Collection[Shelved]):
    """Records by unique key; iteration reads one at a time, in the order of the keys, as often as needed."""

    def __init__(self, path: Path) -> None:
        self._database = database(path)
        self._database.execute("CREATE TABLE shelf (key PRIMARY KEY, record BLOB)")

    def fill(self, key: Callable[[Shelved], ShelfKey], records: Iterable[Shelved]) -> None:
        """Store the records.

        Raises:
            DoubledError: two of them have the same key.
        """
        self._database.execute("BEGIN")
        for record in records:
            self._put(key(record), record)
        self._database.execute("COMMIT")

    def _put(self, key: ShelfKey, record: Shelved) -> None:
        try:
            self._database.execute("INSERT INTO shelf VALUES (?, ?)", (key, pickle.dumps(record)))
        except sqlite3.IntegrityError:
            raise DoubledError(self[key], record) from None

    def __getitem__(self, key: ShelfKey) -> Shelved:
        for record in self._read("WHERE key = ?", key):
            return record
        raise KeyError(key)

    def __iter__(self) -> Iterator[Shelved]:
        return self._read("ORDER BY key")

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM shelf").fetchone()[0])

    def __contains__(self, key: object) -> bool:
        return self._database.execute("SELECT 1 FROM shelf WHERE key = ?", (key,)).fetchone() is not None

    def _read(self, which: str, *values: ShelfKey) -> Iterator[Shelved]:
        for (record,) in self._database.execute(f"SELECT record FROM shelf {which}", values):  # noqa: S608 - constants
            yield pickle.loads(record)  # noqa: S301 - written by this build

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()


class Selection(Collection[Shelved]):
    """The records of some keys of a shelf, in the order given."""

    def __init__(self, shelf: Shelf[Shelved], keys: Collection[str]) -> None:
        self._shelf, self._keys = shelf, keys

    def __iter__(self) -> Iterator[Shelved]:
        return map(self._shelf.__getitem__, self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys
