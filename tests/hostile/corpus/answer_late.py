"""Answers after the time limit."""

import time

from honest import loop, predictions

loop(answer=lambda request: time.sleep(6) or {"predictions": predictions(request)})
