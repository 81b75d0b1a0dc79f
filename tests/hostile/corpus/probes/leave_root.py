"""Leaves its root by a second chroot."""

from probes.calls import call


def attempt():
    return call(161, b"/tmp") == 0 and "chroot"
