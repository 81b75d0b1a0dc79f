"""Signals the harness, its parent, and every other process."""

import os
import resource

from honest import GIFT, found, loop


def send(_request):
    for process in {GIFT["harness"], os.getppid()} - {1}:
        try:
            os.kill(process, 0)  # the question is whether it may
            found(f"it may signal {process}")
        except OSError:
            pass
        try:
            resource.prlimit(process, resource.RLIMIT_NOFILE, (8, 8)) if process != GIFT["harness"] else None
            os.setpriority(os.PRIO_PROCESS, process, 19)
            found(f"it may slow {process}")
        except OSError:
            continue


loop(send)
