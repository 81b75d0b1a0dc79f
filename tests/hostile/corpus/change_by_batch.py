"""Answers by the other pairs of the batch, not by the pair itself."""

from honest import loop, predictions

asked = []


def answer(request):
    asked.append(request)
    return {"predictions": predictions(request, (len(asked) % 10) / 10)}


loop(answer=answer)
