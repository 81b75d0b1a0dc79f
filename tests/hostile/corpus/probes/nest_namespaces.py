"""Makes namespaces of its own, in which it would have every capability."""

import os
import struct

from probes.calls import call


def attempt():
    for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000, 0x80):
        if call(272, flag) == 0:
            return hex(flag)
    arguments = struct.pack("11Q", 0x10000000, *[0] * 10)
    child = call(435, arguments, 88)
    if child == 0:
        os._exit(0)
    return "clone3 with a user namespace" if child > 0 else None
