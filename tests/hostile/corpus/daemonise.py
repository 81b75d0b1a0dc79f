"""Leaves a process behind that has left its session, ignores every signal it can, and holds the streams open."""

import os
import signal
import sys
import time

from honest import loop


def leave(_request):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            time.sleep(3600)
        os._exit(0)


def answer(request):
    os._exit(0)


loop(leave, answer) if sys.argv[1:] == ["and_exit"] else loop(leave)
