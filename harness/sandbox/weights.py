"""Weights as people have them, made readable to a predictor that runs as another user.

Covered: files and folders closed by any umask or by mode 0600; a snapshot in a Hugging Face cache, whose links lead to
blobs outside it. The run then gets a folder of its own, with hard links to open files and copies of the rest.
Not covered: access control lists; only the modes of the files count.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.contract import submission
from harness.contract.submission import FolderEntry
from harness.errors import InfrastructureError
from harness.sandbox import lease

FILE, FOLDER = stat.S_IROTH, stat.S_IROTH | stat.S_IXOTH


@contextmanager
def readable(weights: Path | None, another: bool, by_path: bool = False) -> Iterator[Path | None]:
    """Yield a folder with the content of `weights` that the predictor can read: the folder itself, or a copy of it.

    Args:
        weights: None yields None.
        another: the predictor is another user than the harness.
        by_path: the predictor reaches the folder through the folders above it, which must be open to it, too.

    Raises:
        InputError: the digest of the weights does not cover an entry, or a file is unreadable.
        InfrastructureError: the copy cannot be written.
    """
    if weights is None:
        yield None
        return
    weights = weights.resolve()
    submission.check_covered(weights)
    entries = submission.entries(weights)
    if all(entry.at == entry.name for entry in entries) and not (another and _closed(weights, entries, by_path)):
        yield weights
        return
    with lease.folder("weights", os.getpid()) as folder:
        try:
            _fill(weights, entries, folder)
        except OSError as error:
            raise InfrastructureError(
                f"{weights}: the predictor cannot read it as it is, and no copy could be made in {folder}: "
                f"{error.strerror}. Make room there, or make the weights readable: chmod -R a+rX"
            ) from None
        yield folder


def _closed(weights: Path, entries: list[FolderEntry], by_path: bool) -> bool:
    """Return whether another user could not read some part of a folder."""
    folders = {weights, *((weights / entry.name).parent for entry in entries)}
    folders |= {parent for folder in list(folders) for parent in folder.parents if parent.is_relative_to(weights)}
    above = weights.parents if by_path else ()
    return (
        any(not _grants(folder, FOLDER) for folder in folders)
        or any(not _grants(folder, stat.S_IXOTH) for folder in above)
        or any(not _grants(weights / entry.name, FILE) for entry in entries if entry.link is None)
    )


def _grants(path: Path, rights: int) -> bool:
    return path.stat().st_mode & rights == rights


def _fill(weights: Path, entries: list[FolderEntry], folder: Path) -> None:
    """Fill an empty folder with hard links to the open files of `weights`, and with copies where none can be made."""
    folder.chmod(0o755)
    for entry in entries:
        target = folder / entry.name
        for parent in reversed(target.relative_to(folder).parents[:-1]):
            (folder / parent).mkdir(exist_ok=True)
            (folder / parent).chmod(0o755)
        if entry.link is None and _grants(weights / entry.at, FILE) and _linked(weights / entry.at, target):
            continue
        submission.copy_entry(weights, entry, target)
        if entry.link is None:
            target.chmod(0o644)


def _linked(source: Path, target: Path) -> bool:
    """Make a hard link and return whether it could be made: not to another file system, nor to a stranger's file."""
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True
