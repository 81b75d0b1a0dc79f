"""Sends two replies to one question."""

from honest import loop, predictions, reply


def twice(request):
    reply(request, {"predictions": predictions(request)})
    return {"predictions": predictions(request)}


loop(answer=twice)
