"""Allocates memory without end."""

from honest import loop


def take(_request):
    held = []
    while True:
        held.append(bytearray(b"x" * 2**24))


loop(take)
