"""System calls by their numbers on x86_64, for the probes beside this file."""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)
ROOM = ctypes.create_string_buffer(4096)
HOST = os.path.isdir("/library")  # in the process sandbox


def call(number, *arguments):
    """Return the result of a system call, -1 if it is refused."""
    return LIBC.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])


def others():
    """Return the ids of all visible processes except this one, its parent and the first."""
    mine = {1, os.getpid(), os.getppid()}
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in mine]


def readable(path):
    try:
        with open(path, "rb", buffering=0) as stream:
            return bool(stream.read(1))
    except OSError:
        return False


def writable(path, content=b"1"):
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            return os.write(descriptor, content) > 0
        finally:
            os.close(descriptor)
    except OSError:
        return False


def slots():
    """Return the paths of the exchange."""
    return [os.path.join("/exchange", name) for name in sorted(os.listdir("/exchange"))]
