"""Answers by what else was asked, not by the pair."""

from honest import loop, predictions

asked = []


def answer(request):
    asked.append(request)
    return {"predictions": predictions(request, (len(asked) % 10) / 10)}


loop(answer=answer)
