"""Records on disk, in the order of their keys: what a build goes over more than once is read again, and not held.

A shelf is a table of SQLite in the build's own folder. Nobody else writes there, so that pickle is safe to read.
"""

from __future__ import annotations

import copyreg
import pickle
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, TypeVar

from dataset_builder.articles.article import Article, RawStep
from dataset_builder.articles.filters import Illustrated
from dataset_builder.pictures.intake import Picture
from harness.records import GroundTruth, Step, StepPair

Record = TypeVar("Record")
Key = str | bytes


def _view(content: dict[str, str]) -> MappingProxyType[str, str]:
    return MappingProxyType(content)


def _fields(record: Any) -> tuple[type, tuple[Any, ...]]:
    return type(record), tuple(getattr(record, name) for name in record.__slots__)


copyreg.pickle(MappingProxyType, lambda view: (_view, (dict(view),)))  # records hold their strata in one
for kind in (Article, RawStep, Picture, Illustrated, StepPair, Step, GroundTruth):
    copyreg.pickle(kind, _fields)  # in half the time that dataclasses take


class DoubledError(Exception):
    """Two records of one key."""

    def __init__(self, *records: Any) -> None:
        super().__init__("two records of one key")
        self.records = records


def database(path: Path) -> sqlite3.Connection:
    """A table for scratch: neither a journal nor a wait for the disk, since a build that fails starts anew."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


class Shelf(Collection[Record]):
    """Records by key, which must differ; gone over as often as wanted, one in memory at a time."""

    def __init__(self, path: Path) -> None:
        self._database = database(path)
        self._database.execute("CREATE TABLE shelf (key PRIMARY KEY, record BLOB)")

    def fill(self, key: Callable[[Record], Key], records: Iterable[Record]) -> None:
        self._database.execute("BEGIN")
        for record in records:
            self._put(key(record), record)
        self._database.execute("COMMIT")

    def _put(self, key: Key, record: Record) -> None:
        try:
            self._database.execute("INSERT INTO shelf VALUES (?, ?)", (key, pickle.dumps(record)))
        except sqlite3.IntegrityError:
            raise DoubledError(self[key], record) from None

    def __getitem__(self, key: Key) -> Record:
        for record in self._read("WHERE key = ?", key):
            return record
        raise KeyError(key)

    def __iter__(self) -> Iterator[Record]:
        return self._read("ORDER BY key")

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM shelf").fetchone()[0])

    def __contains__(self, key: object) -> bool:
        return self._database.execute("SELECT 1 FROM shelf WHERE key = ?", (key,)).fetchone() is not None

    def _read(self, which: str, *values: Key) -> Iterator[Record]:
        for (record,) in self._database.execute(f"SELECT record FROM shelf {which}", values):  # noqa: S608 - our own words
            yield pickle.loads(record)  # noqa: S301 - our own file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()


class Selection(Collection[Record]):
    """The records of some keys of a shelf, in the order given."""

    def __init__(self, shelf: Shelf[Record], keys: Collection[str]) -> None:
        self._shelf, self._keys = shelf, keys

    def __iter__(self) -> Iterator[Record]:
        return map(self._shelf.__getitem__, self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys
