"""Reads the question and never answers."""

import time

from honest import loop

loop(answer=lambda request: time.sleep(3600))
