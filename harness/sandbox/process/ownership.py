"""Whose files root writes: those of the owner of the folder it writes them into.

In a container, results go to a folder of the host's, `-v $PWD/results:/results`. Root's files would be a nuisance
there; and root with no capabilities but SETUID and SETGID could not even write them. Linux keeps a user for files apart
from the user of the process (setfsuid): this thread and those it starts take the folder's owner for files, remain root
otherwise, and so may start a predictor as yet another user. A program that is started is root again.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
QUERY = ctypes.c_uint(-1)  # no user: changes nothing, returns the one in force


def write_as_owner_of(folder: Path) -> int | None:
    """Take the user and group of `folder`, or of the nearest folder above it that is there. None: nothing to take."""
    if os.geteuid() != 0:
        return None
    path = folder.absolute()
    while not path.exists():
        path = path.parent
    owner = path.stat()
    if owner.st_uid == 0:
        return None
    os.setgroups(sorted({*os.getgroups(), os.getegid()}))  # what root's group may read can still be read
    LIBC.setfsgid(ctypes.c_uint(owner.st_gid))
    LIBC.setfsuid(ctypes.c_uint(owner.st_uid))
    return owner.st_uid if file_user() == owner.st_uid else None


def file_user() -> int:
    """The user whose rights this thread has on files."""
    return int(LIBC.setfsuid(QUERY))
