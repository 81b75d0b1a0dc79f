"""Reads the log of the kernel."""

from probes.calls import ROOM, call, readable


def attempt():
    return (call(103, 3, ROOM, 4096) > 0 and "syslog") or [p for p in ("/dev/kmsg", "/proc/kmsg") if readable(p)]
