"""The standard streams of a container, multiplexed by the engine over one attached socket."""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress
from typing import Any

CHUNK = 2**18
FRAME_HEADER = 8  # bytes before each piece of output: stream number, three zeros, length (big-endian)


class AttachedStream:
    """The transport of a container's channel."""

    def __init__(self, attached: Any) -> None:
        """Take the result of the SDK's `attach_socket`, which wraps a socket and holds its HTTP response."""
        self._owner = attached
        self._socket: socket.socket = attached._sock  # noqa: SLF001 - there is no public access
        self._socket.setblocking(False)
        self._buffer = bytearray()

    def read(self) -> tuple[int, bytes] | None:
        """Wait for one frame of output; None after the end."""
        while True:
            if len(self._buffer) >= FRAME_HEADER:
                stream, length = self._buffer[0], int.from_bytes(self._buffer[4:FRAME_HEADER], "big")
                if len(self._buffer) >= FRAME_HEADER + length:
                    content = bytes(self._buffer[FRAME_HEADER : FRAME_HEADER + length])
                    del self._buffer[: FRAME_HEADER + length]
                    return stream, content
            select.select([self._socket], [], [])
            try:
                piece = self._socket.recv(CHUNK)
            except BlockingIOError:
                continue
            except OSError:
                return None
            if not piece:
                return None
            self._buffer += piece

    def write(self, content: memoryview, deadline: float) -> int:
        """Write to the container's stdin before the deadline; 0 after it."""
        _, writable, _ = select.select([], [self._socket], [], max(0.0, deadline - time.monotonic()))
        return self._socket.send(content) if writable else 0

    def shut(self) -> None:
        """End both directions, so that a waiting `read` returns."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Release the socket and its HTTP response."""
        self._owner._response.close()  # noqa: SLF001 - closes the wrapper too
        self._socket.close()
