"""Sets up a queue whose requests pass by filters of system calls."""

from probes.calls import ROOM, call


def attempt():
    return call(425, 4, ROOM) >= 0 and "io_uring"
