"""Joins the namespaces of the first process and of the harness."""

import os

from honest import GIFT

from probes.calls import call


def attempt():
    for process in (1, GIFT["harness"]):
        for kind in ("mnt", "net", "pid", "ipc", "user", "cgroup", "uts", "time"):
            try:
                descriptor = os.open(f"/proc/{process}/ns/{kind}", os.O_RDONLY)
            except OSError:
                continue
            if call(308, descriptor, 0) == 0:
                return f"{kind} of {process}"
    return None
