"""Sets the clock of the machine."""

from probes.calls import ROOM, call


def attempt():
    return (call(227, 0, ROOM) == 0 or call(164, ROOM, None) == 0) and "the clock"
