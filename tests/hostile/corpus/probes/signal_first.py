"""Kills the first process, and everything else that it can."""

import os
import signal


def attempt():
    for number in (signal.SIGKILL, signal.SIGSTOP):
        try:
            os.kill(1, number)
        except OSError:
            continue
    return
