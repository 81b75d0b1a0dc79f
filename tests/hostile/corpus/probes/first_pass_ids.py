"""Looks for process ids and names that a shared namespace would carry from run to run."""

import os

from probes.calls import HOST


def attempt():
    return HOST and os.getpid() > 5000 and os.getpid()
