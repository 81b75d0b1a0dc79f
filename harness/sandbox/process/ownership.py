"""Ownership of result files: root writes files that belong to the owner of the results folder.

In a container, results go to a folder of the host, `-v $PWD/results:/results`. Files of root would be a nuisance there,
and a root whose only capabilities are SETUID and SETGID could not even write them. Linux keeps a separate user for file
access (setfsuid). This thread and the threads it starts take the folder's owner for file access; they stay root
otherwise, and so can start a predictor as yet another user. A program that they start is root again.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
QUERY = ctypes.c_uint(-1)  # an invalid user: setfsuid changes nothing and returns the current one


def write_as_owner_of(folder: Path) -> int | None:
    """Take user and group of `folder`, or of its nearest existing parent, for file access.

    Returns:
        The user id now used for files; None if this process is not root, or the folder belongs to root.
    """
    if os.geteuid() != 0:
        return None
    path = folder.absolute()
    while not path.exists():
        path = path.parent
    owner = path.stat()
    if owner.st_uid == 0:
        return None
    os.setgroups(sorted({*os.getgroups(), os.getegid()}))  # keeps files readable that root's group may read
    LIBC.setfsgid(ctypes.c_uint(owner.st_gid))
    LIBC.setfsuid(ctypes.c_uint(owner.st_uid))
    return owner.st_uid if file_user() == owner.st_uid else None


def file_user() -> int:
    """Return the user id with which this thread accesses files."""
    return int(LIBC.setfsuid(QUERY))
