"""Raises its own limits in the control groups."""

import os

from probes.calls import writable


def attempt():
    found = []
    for folder, _, _ in os.walk("/sys/fs/cgroup"):
        names = ("cgroup.procs", "memory.max", "memory.limit_in_bytes", "pids.max", "release_agent")
        found += [f"{folder}/{name}" for name in names if writable(f"{folder}/{name}", b"-1")]
        try:
            os.mkdir(f"{folder}/hostile-note")
            found.append(folder)
        except OSError:
            pass
    return found
