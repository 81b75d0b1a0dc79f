"""Reads the memory of its parent and of the harness."""

import ctypes
import os

from honest import GIFT, found, loop, readable

PTRACE_ATTACH = 16


def look(_request):
    libc = ctypes.CDLL(None, use_errno=True)
    for process in {os.getppid(), GIFT["harness"]} - {1}:
        if readable(f"/proc/{process}/mem") or readable(f"/proc/{process}/maps"):
            found(f"memory of {process}")
        if libc.ptrace(PTRACE_ATTACH, process, None, None) == 0:
            found(f"ptrace of {process}")
        there = (ctypes.c_void_p * 2)(ctypes.addressof(ctypes.c_char()), 1)
        here = (ctypes.c_void_p * 2)(ctypes.addressof(ctypes.create_string_buffer(1)), 1)
        if libc.process_vm_readv(process, here, 1, there, 1, 0) >= 0:
            found(f"process_vm_readv of {process}")


loop(look)
