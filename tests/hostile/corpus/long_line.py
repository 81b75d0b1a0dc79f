"""Sends one line of 1 GB."""

import os

from honest import loop


def send(_request):
    for _ in range(1000):
        os.write(1, b"x" * 10**6)


loop(answer=send)
