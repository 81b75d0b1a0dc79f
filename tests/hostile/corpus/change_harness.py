"""Asks the kernel to change the harness or its parent: limits, priority, processors, memory, signals.

Every call asks for the present state or for nothing, so a call that is permitted does no harm.
"""

import ctypes
import os
import platform

from honest import GIFT, found, loop

libc = ctypes.CDLL(None, use_errno=True)
ROOM = ctypes.create_string_buffer(256)
NICE = ctypes.create_string_buffer(b"\x30\0\0\0", 48)  # struct sched_attr of an ordinary process
VECTOR = (ctypes.c_void_p * 2)(ctypes.addressof(ROOM), 1)
OLD_LIMIT = ctypes.create_string_buffer(16)


def present_nice(process):
    try:
        return os.getpriority(os.PRIO_PROCESS, process)
    except OSError:
        return 0


def calls(process):
    """Return {name: (number on x86_64, arguments)}."""
    return {
        "prlimit64": (302, process, 7, None, OLD_LIMIT),
        "sched_setaffinity": (203, process, 128, b"\xff" * 128),
        "sched_setscheduler": (144, process, 0, b"\0\0\0\0"),
        "sched_setparam": (142, process, b"\0\0\0\0"),
        "sched_setattr": (314, process, NICE, 0),
        "setpriority": (141, 0, process, present_nice(process)),
        "ioprio_set": (251, 1, process, 0),
        "kill": (62, process, 0),
        "tkill": (200, process, 0),
        "tgkill": (234, process, process, 0),
        "pidfd_open": (434, process, 0),
        "process_vm_readv": (310, process, VECTOR, 1, VECTOR, 1, 0),
        "kcmp": (312, process, os.getpid(), 1, 0, 0),
        "migrate_pages": (256, process, 64, b"\1" + b"\0" * 7, b"\1" + b"\0" * 7),
        "move_pages": (279, process, 0, None, None, None, 0),
        "get_robust_list": (274, process, ROOM, OLD_LIMIT),
        "perf_event_open": (298, ctypes.create_string_buffer(b"\1\0\0\0\x70\0\0\0\1", 112), process, -1, -1, 0),
    }


def change(_request):
    for process in {GIFT["harness"], os.getppid()} - {1, 0} if platform.machine() == "x86_64" else ():
        for name, (number, *arguments) in calls(process).items():
            if libc.syscall(ctypes.c_long(number), *arguments) >= 0:
                found(f"{name} of {process}")


if __name__ == "__main__":
    loop(change)
