"""Makes folders so deep that recursive programs fail on them."""

import os


def attempt():
    here = os.getcwd()
    os.chdir("/tmp")
    for _ in range(3000):
        try:
            os.mkdir("d")
            os.chdir("d")
        except OSError:
            break
    os.chdir(here)
    return
