"""Answers something that is not JSON."""

import os

from honest import loop

loop(answer=lambda request: os.write(1, b"the steps are in order, I think\n") and {})
