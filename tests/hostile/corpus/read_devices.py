"""Looks for the set in the mounts, and for the disk itself."""

import glob

from honest import GIFT, found, loop, readable


def look(_request):
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        if GIFT["questions"].rsplit("/", 1)[0] in stream.read():
            found("the set among the mounts")
    for path in ["/dev/mem", "/dev/kmsg", "/dev/port", "/proc/kcore", "/dev/fuse", *glob.glob("/dev/[hsv]d*")]:
        if readable(path):
            found(path)


loop(look)
