"""Makes a socket that would reach the host of the virtual machine; it does not connect."""

import socket


def attempt():
    try:
        socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
    except OSError:
        return None
    else:
        return "a way to the host"
