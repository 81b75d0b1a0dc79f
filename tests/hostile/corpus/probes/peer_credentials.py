"""Asks who is at the other end of its standard streams."""

import os
import socket
import struct


def attempt():
    for number in range(3):
        try:
            with socket.socket(fileno=os.dup(number)) as stream:
                process = struct.unpack("3i", stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        except OSError:
            continue
        if process not in (0, os.getpid(), os.getppid()):
            return process
    return None
