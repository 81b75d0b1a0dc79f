"""Answers with a value that is not a probability; its argument names the value."""

import sys

from honest import loop, predictions

VALUES = {
    "nan": float("nan"),
    "inf": float("inf"),
    "string": "1",
    "bool": True,
    "null": None,
    "big": 10**30,
    "list": [1],
}
loop(answer=lambda request: {"predictions": predictions(request, VALUES[sys.argv[1]])})
