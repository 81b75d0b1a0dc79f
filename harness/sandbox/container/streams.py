"""A container's standard streams: what the engine sends over one attached socket, piece by piece."""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress
from typing import Any

CHUNK = 2**18
FRAME_HEADER = 8  # the engine prefixes each piece of output with a stream number and a length


class AttachedStream:
    """A container's standard streams over one attached socket of the engine."""

    def __init__(self, attached: Any) -> None:
        """attached: what the SDK's attach_socket gives, a wrapper of a socket that holds its HTTP response too."""
        self._owner = attached
        self._socket: socket.socket = attached._sock  # noqa: SLF001 - the SDK gives no other way to it
        self._socket.setblocking(False)
        self._buffer = bytearray()
        self._shut = False

    def read(self) -> tuple[int, bytes] | None:
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
        _, writable, _ = select.select([], [self._socket], [], max(0.0, deadline - time.monotonic()))
        return self._socket.send(content) if writable else 0

    def shut(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._owner._response.close()  # noqa: SLF001 - closes the wrapper too
        self._socket.close()
