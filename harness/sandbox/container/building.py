"""Limits on building a submission's image: the RUN lines of a Dockerfile are untrusted code.

Covered: no network; memory; the time of the whole build, after which the engine kills the commands that still run.
Not covered: disk space, which only the engine's own storage limits; the number of processes, for which an engine's
build has no limit (ulimit does not bind root), so a fork bomb lasts until memory or time is used up; an engine that
continues a build after its client has closed the connection.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from requests import Response, Session

GIB = 2**30


@dataclass(frozen=True, slots=True)
class BuildLimits:
    """Limits on one build.

    Attributes:
        memory_bytes: memory of each RUN; a CPU build of torch installs in under 2 GiB.
        total_s: seconds for the whole build.
    """

    memory_bytes: int = 8 * GIB
    total_s: float = 1800.0

    def options(self) -> dict[str, object]:
        """Return the limits that the engine enforces itself, as arguments of the SDK's `images.build`."""
        memory = {"memory": self.memory_bytes, "memswap": self.memory_bytes}  # equal: no swap
        silent = int(self.total_s) + 60  # the client waits this long for a RUN that prints nothing
        return {"network_mode": "none", "rm": True, "forcerm": True, "container_limits": memory, "timeout": silent}

    def words(self) -> str:
        """Return the limits as part of an error message."""
        return f"a build may take {self.memory_bytes / GIB:.3g} GiB and {self.total_s:.0f} s"


@contextmanager
def time_limit(session: Session, seconds: float) -> Iterator[threading.Event]:
    """Close the connections to the engine after `seconds`, which makes it kill the build.

    Args:
        session: the HTTP session of the engine's client.

    Yields:
        An event that is set once the time is over.
    """
    answers: list[Response] = []
    over = threading.Event()

    def disconnect() -> None:
        over.set()
        for answer in answers:
            raw: Any = answer.raw
            with suppress(OSError, AttributeError):  # the response has ended by itself
                raw._fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001 - there is no public access

    def remember(answer: Response, *_: object, **__: object) -> None:
        answers.append(answer)

    timer = threading.Timer(seconds, disconnect)
    session.hooks["response"].append(remember)
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
        session.hooks["response"].remove(remember)
        for answer in answers:
            answer.close()
