"""Prints 16 MB before each answer."""

import os

from honest import loop, predictions


def flood(request):
    for _ in range(16):
        os.write(2, b"x" * 10**6)
    return {"predictions": predictions(request)}


loop(answer=flood)
