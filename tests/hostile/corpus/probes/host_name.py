"""Renames the machine."""

from probes.calls import call


def attempt():
    return (call(170, b"hostile", 7) == 0 or call(171, b"hostile", 7) == 0) and "the name"
