"""Keeps a note in the user's key ring."""

from probes.calls import call


def attempt():
    return call(248, b"user", b"hostile-note", b"note", 4, -4) >= 0 and "a key that outlives the run"
