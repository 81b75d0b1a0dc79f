"""Asks which pages of a file are in memory, which tells of earlier reads."""

import ctypes
import os

from probes.calls import ROOM, call


def attempt():
    descriptor = os.open("/submission/honest.py", os.O_RDONLY)
    pair = (ctypes.c_ulong * 2)(0, 4096)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(ROOM), 1)
    return (
        call(27, ctypes.c_void_p(id(pair) & ~4095), 4096, ROOM) == 0
        or call(451, descriptor, pair, ROOM, 0) == 0
        or call(327, descriptor, vector, 1, 0, 0, 8) >= 0
    ) and "residency"
