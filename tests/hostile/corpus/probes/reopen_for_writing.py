"""Opens again for writing what it was given for reading (/proc/self/fd, /proc/self/exe)."""

import os

from probes.calls import slots


def attempt():
    paths = ["/proc/self/exe", "/proc/1/exe"]
    paths += [f"/proc/self/fd/{os.open(path, os.O_RDONLY)}" for path in slots()]
    found = []
    for path in paths:
        try:
            os.close(os.open(path, os.O_WRONLY))
            found.append(path)
        except OSError:
            continue
    return found
