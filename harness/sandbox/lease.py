"""Who owns what lies about: so that the next start can clear away what a killed harness has left, and nothing else."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.sandbox.container import sibling

MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it have secret names, and belong to us alone
ROOM_BYTES = 2**30  # a batch of 256 pairs with pictures of 2 MB each


def owner(process: int) -> str:
    """A name for a process that no later one shares: host, number, and start in clock ticks since boot."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return f"{socket.gethostname()}/{process}/{fields[19]}"


def owner_is_gone(name: str) -> bool:
    """Whether that process is known to have ended. Of another host nothing is known."""
    host, _, rest = name.partition("/")
    if host != socket.gethostname():
        return False
    try:
        return owner(int(rest.partition("/")[0])) != name
    except (FileNotFoundError, ProcessLookupError):
        return True
    except ValueError:  # a name that is none of ours
        return False


@contextmanager
def folder(purpose: str, process: int, in_memory: bool = False) -> Iterator[Path]:
    """A fresh folder that goes with this block, or at the next start if the harness is killed in it.

    in_memory: where there is room; pictures then reach a predictor twice as fast, and wear out no disk. Not in a
    container: the one beside it sees volumes alone.
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
    """Remove the folders of processes that have ended. Another user's stay: the system does not let us."""
    found = [path for root in (Path(tempfile.gettempdir()), MEMORY) for path in root.glob("wikiorder-*-*-*-*")]
    for path in found:
        _, _, number, start, *_ = path.name.split("-")
        if owner_is_gone(f"{socket.gethostname()}/{number}/{start}"):
            shutil.rmtree(path, ignore_errors=True)


def _has_room(root: Path) -> bool:
    return root.is_dir() and os.access(root, os.W_OK) and shutil.disk_usage(root).free >= ROOM_BYTES
