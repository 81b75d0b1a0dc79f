"""Starts threads until it is refused."""

import threading

from honest import GIFT


def attempt():
    stop, started = threading.Event(), 0
    threading.stack_size(2**16)
    try:
        while started < 4 * GIFT["processes"]:
            threading.Thread(target=stop.wait, daemon=True).start()
            started += 1
    except RuntimeError:
        pass
    stop.set()
    return started >= 4 * GIFT["processes"] and f"{started} threads"
