"""Bounds on building a submission's image. The RUN lines of a Dockerfile are a stranger's code, too.

Covered: no network; memory; the time of the whole build, at whose end the engine kills what runs in it.
Not covered: disk, which only the engine's own storage bounds; an engine that goes on when its client hangs up.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

GIB = 2**30


@dataclass(frozen=True, slots=True)
class BuildLimits:
    """memory_bytes: of each RUN; a CPU build of torch installs in under 2 GiB. total_s: of the whole build."""

    memory_bytes: int = 8 * GIB
    total_s: float = 1800.0

    def options(self) -> dict[str, Any]:
        """Every limit that the engine keeps by itself, as the SDK takes it."""
        memory = {"memory": self.memory_bytes, "memswap": self.memory_bytes}  # the same: no swap
        silent = int(self.total_s) + 60  # the client waits as long for a RUN that says nothing
        return {"network_mode": "none", "rm": True, "forcerm": True, "container_limits": memory, "timeout": silent}

    def words(self) -> str:
        return f"a build may take {self.memory_bytes / GIB:.3g} GiB and {self.total_s:.0f} s"


@contextmanager
def in_time(session: Any, seconds: float) -> Iterator[threading.Event]:
    """Hang up on the engine when the time is over, which makes it kill the build. What is yielded is set then.

    session: the requests session of the engine's client.
    """
    answers: list[Any] = []
    over = threading.Event()

    def hang_up() -> None:
        over.set()
        for answer in answers:
            with suppress(OSError, AttributeError):  # it has ended by itself
                answer.raw._fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001 - nobody else hands it out

    def remember(answer: Any, *_: Any, **__: Any) -> None:
        answers.append(answer)

    timer = threading.Timer(seconds, hang_up)
    session.hooks["response"].append(remember)
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
        session.hooks["response"].remove(remember)
        for answer in answers:
            answer.close()
