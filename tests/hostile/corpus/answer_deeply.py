"""Answers JSON nested a million deep."""

import os

from honest import loop

loop(answer=lambda request: os.write(1, b"[" * 10**6 + b"\n") and os._exit(0))
