"""The folder that a build works in: held by one build at a time, and named as it should be only when it is finished."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dataset_builder.asking import Row
from harness import files
from harness.records import HarnessError, InputError
from harness.testset import SUBSETS

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


def deal(folder: Path, subset: str, rows: Sequence[Row]) -> None:
    """Move each picture that the subset shows out of the pool; copy it where an earlier subset has it."""
    shown = {step.image for pair, _ in rows for step in (pair.first, pair.second)}
    for parent in sorted({name.rpartition("/")[0] for name in shown}):
        (folder / subset / parent).mkdir(parents=True)
    (folder / subset).mkdir(exist_ok=True)
    for name in shown:
        target = f"{folder}/{subset}/{name}"
        try:
            os.rename(f"{folder}/{POOL}/{name}", target)  # noqa: PTH104 - strings here: pathlib takes longer than the move
        except FileNotFoundError:
            taken = next(path for other in SUBSETS if other != subset and (path := folder / other / name).exists())
            shutil.copyfile(taken, target)


def drain(folder: Path) -> None:
    """Remove the pool, with the pictures that no subset shows."""
    shutil.rmtree(folder / POOL, ignore_errors=True)  # no article may have had a picture
