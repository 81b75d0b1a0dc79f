"""Reads counts of the whole machine, which would be a memory between runs."""

import os

from probes.calls import readable

SURFACE = True  # an engine shows them in every container
PATHS = """
/proc/stat /proc/vmstat /proc/diskstats /proc/interrupts /proc/sys/fs/inode-nr /proc/locks /proc/sys/fs/dentry-state
/proc/loadavg /proc/uptime /proc/buddyinfo /proc/slabinfo /proc/zoneinfo /proc/softirqs /proc/schedstat
/proc/pressure/io /sys/block /sys/class/net /sys/kernel/mm/ksm/pages_shared /sys/class/thermal
"""


def attempt():
    return [path for path in PATHS.split() if readable(path) or (os.path.isdir(path) and os.listdir(path))]
