"""Leaves ended children that nobody waits for, and orphans."""

import os
import time


def attempt():
    for _ in range(20):
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(0.2)
            os._exit(0)
    return
