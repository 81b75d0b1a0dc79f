"""Ownership of temporary folders and containers, so that leftovers of a killed harness can be removed safely.

Every temporary folder and container carries the name of the process that made it. The next start removes those whose
process has ended, and nothing else.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.sandbox.container import sibling

MEMORY = Path("/dev/shm")  # noqa: S108 - our folders in it have random names and belong to us alone
FREE_BYTES = 2**30  # enough for a batch of 256 pairs with pictures of 2 MB each


def owner(process: int) -> str:
    """Return a name that no later process shares: host, process id, and start in clock ticks since boot."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return f"{socket.gethostname()}/{process}/{fields[19]}"


def owner_is_gone(name: str) -> bool:
    """Return whether the named process is known to have ended. About other hosts nothing is known: False."""
    host, _, rest = name.partition("/")
    if host != socket.gethostname():
        return False
    try:
        return owner(int(rest.partition("/")[0])) != name
    except (FileNotFoundError, ProcessLookupError):
        return True
    except ValueError:  # not a name made by `owner`
        return False


@contextmanager
def folder(purpose: str, process: int, in_memory: bool = False) -> Iterator[Path]:
    """Make a fresh folder and remove it at the end of the block, or at the next start if the harness is killed.

    Args:
        purpose: part of the folder's name.
        process: id of the process that owns the folder.
        in_memory: use /dev/shm if it has room; pictures then reach a predictor twice as fast, without disk writes.
            Not used if the harness itself runs in a container, since the predictor's container sees only volumes.
    """
    reap()
    _, number, start = owner(process).rsplit("/", 2)
    root = MEMORY if in_memory and _has_room(MEMORY) and not sibling.own_container() else None
    path = Path(tempfile.mkdtemp(prefix=f"wikiorder-{purpose}-{number}-{start}-", dir=root))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def reap() -> None:
    """Remove the folders of processes that have ended. Folders of another user stay: permissions forbid removal."""
    found = [path for root in (Path(tempfile.gettempdir()), MEMORY) for path in root.glob("wikiorder-*-*-*-*")]
    for path in found:
        _, _, number, start, *_ = path.name.split("-")
        if owner_is_gone(f"{socket.gethostname()}/{number}/{start}"):
            shutil.rmtree(path, ignore_errors=True)


def _has_room(root: Path) -> bool:
    return root.is_dir() and os.access(root, os.W_OK) and shutil.disk_usage(root).free >= FREE_BYTES
