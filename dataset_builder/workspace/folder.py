"""The folder that a build works in: locked by one build at a time, and renamed to its final name when it is finished.

OUT.partial/scratch   every usable picture until it is known which subset shows it, and the shelves; removed at the end
OUT.partial/train     and so on: the frozen sets
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dataset_builder.pairs.rows import LabelledPair
from dataset_builder.workspace.shelf import Shelf, ShelfKey, Shelved
from harness.contract import files
from harness.contract.frozen_set import SUBSETS
from harness.errors import HarnessError, InputError


@dataclass(frozen=True, slots=True)
class Workspace:
    """folder: becomes the build. scratch: holds everything that is needed only while building."""

    folder: Path
    scratch: Path
    _open: ExitStack = field(default_factory=ExitStack)

    def shelve(self, name: str, key: Callable[[Shelved], ShelfKey], records: Iterable[Shelved]) -> Shelf[Shelved]:
        """Write the records to disk, to be read in the order of their keys."""
        shelf = self._open.enter_context(Shelf[Shelved](self.scratch / name))
        shelf.fill(key, records)
        return shelf

    def move_pictures(self, subset: str, rows: Iterable[LabelledPair]) -> None:
        """Move each picture of the rows from the scratch into the subset; copy it if an earlier subset has it."""
        (self.folder / subset).mkdir()
        for pair, _ in rows:
            for step in (pair.first, pair.second):
                self._move_picture(subset, step.image)

    def _move_picture(self, subset: str, name: str) -> None:
        target = f"{self.folder}/{subset}/{name}"  # strings here: pathlib takes longer than the move
        if os.path.exists(target):  # noqa: PTH110
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        try:
            os.rename(f"{self.scratch}/{name}", target)  # noqa: PTH104
        except FileNotFoundError:
            held = (path for other in SUBSETS if other != subset and (path := self.folder / other / name).exists())
            shutil.copyfile(next(held), target)

    def clear(self) -> None:
        """Remove the scratch, with the pictures that no subset shows."""
        self._open.close()
        shutil.rmtree(self.scratch)


@contextmanager
def partial(out: Path) -> Iterator[Workspace]:
    """Open a working folder beside `out`; it is renamed to `out` at the end, and removed after any error.

    Raises:
        HarnessError: the disk refuses a write.
        InputError: another build holds the folder.
    """
    folder = out.with_name(out.name + ".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder), ExitStack() as shelves:
            for left in folder.iterdir():  # remains of a killed build
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            try:
                (folder / "scratch").mkdir()
                yield Workspace(folder, folder / "scratch", shelves)
                os.sync()
                folder.rename(out)
                files.sync_folder(out.parent)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    except OSError as error:
        name = error.filename or folder
        raise HarnessError(f"{name}: {error.strerror or error}; nothing was built, and {out} was not made") from error
    except sqlite3.OperationalError as error:
        raise HarnessError(f"{folder} takes no more ({error}); nothing was built, and {out} was not made") from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Refuse a folder that another build is writing."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InputError(f"{folder}: another build is writing it; wait for it, or name another --out") from None
    finally:
        os.close(descriptor)
