"""The folder that a build works in: held by one build at a time, and named as it should be only when it is finished."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from dataset_builder.asking import Row
from harness import checksums, files
from harness.records import HarnessError, InputError

POOL = "pool"  # where every usable picture lies until it is known who shows it


@contextmanager
def partial(out: Path) -> Iterator[Path]:
    """A folder beside `out` that becomes it at the end, and is removed where anything went wrong."""
    folder = out.with_name(out.name + ".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _held(folder):
            for left in folder.iterdir():  # what a killed build left
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            try:
                yield folder
                os.sync()
                folder.rename(out)
                files.sync_folder(out.parent)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        raise HarnessError(f"{name}{error.strerror or error}; nothing was built, and {out} was not made") from error


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Refuse a folder that another build is writing."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InputError(f"{folder}: another build is writing it; wait for it, or name another --out") from None
    finally:
        os.close(descriptor)


def deal(folder: Path, rows: Mapping[str, Sequence[Row]]) -> None:
    """Move each picture from the pool to the subset that shows it; copy it where several do."""
    shown = {subset: {step.image for pair, _ in rows[subset] for step in (pair.first, pair.second)} for subset in rows}
    takers = Counter(name for names in shown.values() for name in names)
    for subset, names in shown.items():
        for parent in sorted({str(PurePosixPath(name).parent) for name in names}):
            (folder / subset / parent).mkdir(parents=True)
        (folder / subset).mkdir(exist_ok=True)
        for name in names:
            source, target = folder / POOL / name, folder / subset / name
            takers[name] -= 1
            shutil.copyfile(source, target) if takers[name] else source.rename(target)
    shutil.rmtree(folder / POOL, ignore_errors=True)  # no article may have had a picture


def hashed_already(folder: Path) -> dict[str, str]:
    """Pictures are named by their hash, so that none is read again."""
    return {
        name: PurePosixPath(name).stem
        for name in checksums.names(folder)
        if PurePosixPath(name).parts[1:2] == ("images",)
    }
