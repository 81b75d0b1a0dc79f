"""Connects to everything that may answer: the network, the engine, the bus, other processes."""

import socket

from honest import found, loop

TARGETS = [
    (socket.AF_INET, socket.SOCK_STREAM, ("1.1.1.1", 443)),
    (socket.AF_INET, socket.SOCK_DGRAM, ("8.8.8.8", 53)),
    (socket.AF_INET6, socket.SOCK_STREAM, ("2606:4700:4700::1111", 443)),
    (socket.AF_UNIX, socket.SOCK_STREAM, "/var/run/docker.sock"),
    (socket.AF_UNIX, socket.SOCK_STREAM, "/run/dbus/system_bus_socket"),
    (socket.AF_UNIX, socket.SOCK_STREAM, "\0hostile"),
]


def look(_request):
    for family, kind, address in TARGETS:
        try:
            with socket.socket(family, kind) as client:
                client.settimeout(1)
                client.connect(address)
                found(f"a way to {address}")
        except OSError:
            continue
    for family in (socket.AF_PACKET, 40):  # raw frames; the virtual machine's host
        try:
            socket.socket(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW).connect((2, 1024))
            found(f"a socket of family {family}")
        except (OSError, TypeError):
            continue


loop(look)
