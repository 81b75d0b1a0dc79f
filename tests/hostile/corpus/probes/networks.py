"""Attacks through sockets.

Each function is one attack: it returns what it got hold of, or nothing.
"""

import socket


def abstract_sockets():
    """Leaves a name among the abstract sockets of the machine, and looks for those of others."""
    try:
        listed = open("/proc/net/unix").read().splitlines()[1:]
    except OSError:
        return None
    return [line for line in listed if "@" in line]


def netlink():
    """Lists interfaces, routes and sockets of the machine."""
    try:
        names = {name for _, name in socket.if_nameindex()}
    except OSError:
        return None
    return sorted(names - {"lo"})


def virtual_sockets():
    """Makes a socket that would reach the host of the virtual machine; it does not connect."""
    try:
        socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
    except OSError:
        return None
    else:
        return "a way to the host"
