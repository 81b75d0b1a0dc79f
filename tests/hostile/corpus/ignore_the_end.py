"""Answers honestly; then ignores SIGTERM and the end of its input."""

import signal
import time

from honest import loop

signal.signal(signal.SIGTERM, signal.SIG_IGN)
loop()
time.sleep(3600)
