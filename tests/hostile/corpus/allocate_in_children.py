"""Allocates memory in many processes, each below the limit of one process."""

import os
import time

from honest import loop


def take(_request):
    for _ in range(8):
        child = os.fork()
        if child == 0:
            held = b"x" * (96 * 2**20)
            time.sleep(60)
            os._exit(len(held) % 2)
    for _ in range(8):
        if os.waitpid(-1, 0)[1]:  # whichever of them is killed, it goes down with it
            os._exit(9)


loop(take)
