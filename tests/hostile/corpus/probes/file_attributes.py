"""Leaves notes in attributes of files that outlive the run."""

import os

from probes.calls import slots


def attempt():
    found = []
    for path in (*slots(), "/exchange", "/submission", "/submission/honest.py"):
        try:
            os.setxattr(path, "user.note", b"1")
            found.append(path)
        except OSError:
            continue
    return found
