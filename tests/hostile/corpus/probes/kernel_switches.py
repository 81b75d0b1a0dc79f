"""Writes where the kernel takes commands."""

from probes.calls import writable

PATHS = """
/proc/sysrq-trigger /proc/sys/kernel/hostname /proc/sys/vm/drop_caches /proc/self/oom_score_adj /proc/acpi/wakeup
/sys/kernel/uevent_helper /proc/sys/kernel/modprobe /proc/sys/fs/binfmt_misc/register
"""


def attempt():
    return [path for path in PATHS.split() if writable(path, b"-1000" if "oom" in path else b"0")]
