"""Attaches to the first process and to its parent (ptrace, process_vm_readv, kcmp)."""

import os

from probes.calls import HOST, call


def attempt():
    for process in {1, os.getppid()} if HOST else ():
        if call(101, 0x4206, process, 0, 0) == 0 or call(312, os.getpid(), process, 1, 0, 0) >= 0:
            return f"control of {process}"
    return None
