"""Leaves a dump of its memory, or lets the kernel start a program for it."""

import os
import resource
import signal

from probes.calls import HOST, writable


def attempt():
    if writable("/proc/sys/kernel/core_pattern", b"|/tmp/x"):
        return "core_pattern"
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (2**20, 2**20))
        except (OSError, ValueError):
            pass
        os.chdir("/tmp")
        signal.signal(signal.SIGABRT, signal.SIG_DFL)
        os.abort()
    return os.WCOREDUMP(os.waitpid(child, 0)[1]) and HOST and "a core dump"
