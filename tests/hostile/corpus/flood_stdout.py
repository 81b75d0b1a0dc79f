"""Writes lines without end, and reads nothing meanwhile."""

import os

from honest import loop


def flood(_request):
    while True:
        os.write(1, b"{}\n" * 10_000)


loop(flood)
