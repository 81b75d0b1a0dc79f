"""Attacks on the kernel and the whole machine.

Each function is one attack: it returns what it got hold of, or nothing.
"""

import ctypes
import os

from probes.calls import ROOM, call, readable, writable

SWITCHES = """
/proc/sysrq-trigger /proc/sys/kernel/hostname /proc/sys/vm/drop_caches /proc/self/oom_score_adj /proc/acpi/wakeup
/sys/kernel/uevent_helper /proc/sys/kernel/modprobe /proc/sys/fs/binfmt_misc/register
"""
COUNTERS = """
/proc/stat /proc/vmstat /proc/diskstats /proc/interrupts /proc/sys/fs/inode-nr /proc/locks /proc/sys/fs/dentry-state
/proc/loadavg /proc/uptime /proc/buddyinfo /proc/slabinfo /proc/zoneinfo /proc/softirqs /proc/schedstat
/proc/pressure/io /sys/block /sys/class/net /sys/kernel/mm/ksm/pages_shared /sys/class/thermal
"""


def clock():
    """Sets the clock of the machine."""
    return (call(227, 0, ROOM) == 0 or call(164, ROOM, None) == 0) and "the clock"


def fanotify():
    """Watches every file that anyone opens."""
    group = call(300, 0, 0)
    return group >= 0 and call(301, group, 0x11, 0x20, -100, b"/") >= 0 and "events of all opens"


def host_name():
    """Renames the machine."""
    return (call(170, b"hostile", 7) == 0 or call(171, b"hostile", 7) == 0) and "the name"


def io_uring():
    """Sets up a queue whose requests pass by filters of system calls."""
    return call(425, 4, ROOM) >= 0 and "io_uring"


def kernel_log():
    """Reads the log of the kernel."""
    return (call(103, 3, ROOM, 4096) > 0 and "syslog") or [p for p in ("/dev/kmsg", "/proc/kmsg") if readable(p)]


def kernel_modules():
    """Loads code into the kernel (modules, kexec, bpf)."""
    return (
        any(
            call(number, *arguments) >= 0
            for number, arguments in (
                (175, (ROOM, 64, b"")),
                (246, (0, 0, None, 0)),
                (321, (0, ROOM, 64)),
                (172, (3,)),
            )
        )
        and "code in the kernel"
    )


def kernel_switches():
    """Writes where the kernel takes commands."""
    return [path for path in SWITCHES.split() if writable(path, b"-1000" if "oom" in path else b"0")]


def keyrings():
    """Keeps a note in the user's key ring."""
    return call(248, b"user", b"hostile-note", b"note", 4, -4) >= 0 and "a key that outlives the run"


def machine_counters():
    """Reads counts of the whole machine, which would be a memory between runs."""
    return [path for path in COUNTERS.split() if readable(path) or (os.path.isdir(path) and os.listdir(path))]


def perf_events():
    """Counts events of the processor, its own and everyone's."""
    event = ctypes.create_string_buffer(b"\0\0\0\0\x70\0\0\0", 112)
    return call(298, event, -1, 0, -1, 0) >= 0 and "counters of a whole processor"


def secret_memory():
    """Takes memory that no count over processes finds."""
    return (call(319, b"x", 0) >= 0 or call(447, 0) >= 0) and "memory outside all counts"


def userfaultfd():
    """Halts the kernel in the middle of a copy (userfaultfd)."""
    return call(323, 1) >= 0 and "userfaultfd"
