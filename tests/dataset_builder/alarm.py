"""An alarm for inputs whose reading once took time that grew with the square of their length, or faster."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

LIMIT_S = 5  # each use takes well under a second where time grows with the length alone


class HangError(BaseException):
    """Not an Exception: nothing on the way may take it for an error of its own."""


@contextmanager
def ends_soon() -> Iterator[None]:
    """Raise HangError in what runs inside, after `LIMIT_S`."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise HangError(f"still at it after {LIMIT_S} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
