"""Forks until a fork is refused; each child does the same."""

import os
import time

from honest import GIFT, found, loop


def fork(_request):
    made = 0
    while made <= 4 * GIFT["processes"]:
        try:
            if os.fork() == 0:
                while True:
                    try:
                        os.fork()
                    except OSError:
                        time.sleep(0.1)
            made += 1
        except OSError:
            return
    found(f"{made} processes")


loop(fork)
