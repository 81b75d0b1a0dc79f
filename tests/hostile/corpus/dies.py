"""Dies while it is asked."""

import os

from honest import loop

loop(answer=lambda request: os._exit(3))
