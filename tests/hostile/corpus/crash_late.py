"""Crashes after most of the questions."""

import os

from honest import loop, predictions

asked = []


def answer(request):
    asked.append(request)
    if len(asked) == 5:
        os.kill(os.getpid(), 11)
    return {"predictions": predictions(request)}


loop(answer=answer)
