"""Holds a lease on a picture, which would halt the harness when it writes the next one."""

import fcntl
import os

from probes.calls import slots


def attempt():
    found = []
    for path in slots():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            found.append(path)
        except OSError:
            os.close(descriptor)
    return found
