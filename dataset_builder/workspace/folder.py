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

    def write_pictures(self, subset: str, rows: Iterable[LabelledPair]) -> None:
        """Write the pictures of the rows into the subset, in the order of their names.

        A name is the hash of a picture's content, so this order says nothing about articles or steps. Each file is a
        new one: a renamed or linked file would keep the inode number and birth time that it got when its article was
        read, step after step. No file of the scratch is removed before the last set is written, because a new file may
        take the inode of a removed one.
        """
        (self.folder / subset).mkdir()
        for name in sorted({step.image for pair, _ in rows for step in (pair.first, pair.second)}):
            target = f"{self.folder}/{subset}/{name}"  # strings here: pathlib takes longer than the copy
            os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
            shutil.copyfile(f"{self.scratch}/{name}", target)

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
        with _locked(folder), ExitStack() as shelves, ExitStack() as unfinished:
            for left in folder.iterdir():  # remains of a killed build
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            unfinished.callback(shutil.rmtree, folder, ignore_errors=True)
            (folder / "scratch").mkdir()
            yield Workspace(folder, folder / "scratch", shelves)
            os.sync()
            folder.rename(out)
            unfinished.pop_all()
            files.sync_folder(out.parent)
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
