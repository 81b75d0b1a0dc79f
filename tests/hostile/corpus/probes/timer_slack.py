"""Slows the timers of its parent."""

import os

from probes.calls import HOST, writable


def attempt():
    processes = (1, os.getppid()) if HOST else ()  # in a container, the first process belongs to the predictor
    return [process for process in processes if writable(f"/proc/{process}/timerslack_ns", b"1000000")]
