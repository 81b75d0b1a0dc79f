"""Watches every file that anyone opens."""

from probes.calls import call


def attempt():
    group = call(300, 0, 0)
    return group >= 0 and call(301, group, 0x11, 0x20, -100, b"/") >= 0 and "events of all opens"
