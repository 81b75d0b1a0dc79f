"""Sends its answer a byte at a time, for ever: always about to finish."""

import os
import time

from honest import loop


def send(_request):
    while True:
        os.write(1, b" ")
        time.sleep(0.05)


loop(answer=send)
