"""Leaves out the pairs it is not sure of."""

from honest import loop, predictions

loop(answer=lambda request: {"predictions": predictions(request)[1:]})
