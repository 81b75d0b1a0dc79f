"""Halts the kernel in the middle of a copy (userfaultfd)."""

from probes.calls import call


def attempt():
    return call(323, 1) >= 0 and "userfaultfd"
