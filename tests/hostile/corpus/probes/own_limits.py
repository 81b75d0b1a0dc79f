"""Raises its own limits and priority."""

import os
import resource


def attempt():
    found = []
    for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_NICE):
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            try:
                resource.setrlimit(kind, (hard + 1, hard + 1))
                found.append(kind)
            except (OSError, ValueError):
                continue
    for action in (lambda: os.nice(-5), lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))):
        try:
            before = os.nice(0)
            action()
            if os.nice(0) < before or os.sched_getscheduler(0) == os.SCHED_FIFO:
                found.append("priority")
        except OSError:
            continue
    return found
