"""Asks for addresses, which carries a message out in the name that is asked for."""

import socket

from honest import found, loop


def look(_request):
    for name in ("answers.example.org", "localhost.localdomain", "metadata.google.internal"):
        try:
            found(socket.getaddrinfo(name, 80))
        except OSError:
            continue


loop(look)
