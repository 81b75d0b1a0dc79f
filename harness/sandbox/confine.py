"""The last step before a stranger's code: started as a program of its own, it gives up what it holds and becomes it.

Standard library only, and run with `python -I`: nothing of the submission is imported before privileges are gone.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from typing import NamedTuple

CLONE_NEWIPC, CLONE_NEWNET = 0x08000000, 0x40000000
PR_SET_NO_NEW_PRIVS = 38
MAX_FILE_BYTES = 2**30  # one file of the predictor's scratch folder
MAX_OPEN_FILES = 4096


class Order(NamedTuple):
    """What to become. uid: None keeps the user. memory_bytes: of address space that is the program's own."""

    command: list[str]
    uid: int | None
    memory_bytes: int
    processes: int


def main(text: str) -> None:
    order = Order(**json.loads(text))
    libc = ctypes.CDLL(None, use_errno=True)
    if order.uid is not None:
        libc.unshare(CLONE_NEWNET | CLONE_NEWIPC)  # where it fails, the result says "exposes: the network"
        os.setgroups([])
        os.setresgid(order.uid, order.uid, order.uid)
        resource.setrlimit(resource.RLIMIT_NPROC, (order.processes, order.processes))  # counted per uid
        os.setresuid(order.uid, order.uid, order.uid)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("confine: the kernel refused no-new-privileges")
    for kind, limit in (
        (resource.RLIMIT_DATA, order.memory_bytes),  # not RLIMIT_AS: torch maps far more than it uses
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        ceiling = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (ceiling, ceiling))
    os.umask(0o077)
    try:
        os.execvpe(order.command[0], order.command, os.environ)  # noqa: S606 - no shell, on purpose
    except OSError as error:
        sys.exit(f"cannot start {order.command[0]!r}: {error.strerror}. Name a program that is installed.")


if __name__ == "__main__":
    main(sys.argv[1])
