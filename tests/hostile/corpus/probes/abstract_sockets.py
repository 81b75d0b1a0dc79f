"""Leaves a name among the abstract sockets of the machine, and looks for those of others."""


def attempt():
    try:
        listed = open("/proc/net/unix").read().splitlines()[1:]
    except OSError:
        return None
    return [line for line in listed if "@" in line]
