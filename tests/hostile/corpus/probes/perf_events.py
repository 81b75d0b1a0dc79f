"""Counts events of the processor, its own and everyone's."""

import ctypes

from probes.calls import call


def attempt():
    event = ctypes.create_string_buffer(b"\0\0\0\0\x70\0\0\0", 112)
    return call(298, event, -1, 0, -1, 0) >= 0 and "counters of a whole processor"
