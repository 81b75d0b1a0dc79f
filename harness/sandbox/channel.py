"""Lines to and from a predictor that may flood, stall, lie or die.

One thread always drains what the predictor writes, so that it can never block us by filling a pipe; what passes the
caps is discarded. Every write and every wait has a deadline. Not covered here: what the predictor may reach beside the
stream, which is the sandbox's part.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from io import RawIOBase
from pathlib import Path
from typing import Protocol

from harness.contract.protocol import MAX_LINE_BYTES
from harness.errors import InfrastructureError, SubmissionError

STDOUT, STDERR = 1, 2
MAX_WAITING = 4  # replies that may lie unread; a predictor that keeps to the protocol leaves none


class PredictorEndedError(SubmissionError):
    """The predictor is gone, and left the question unanswered."""


class Transport(Protocol):
    """The bytes below the lines."""

    def read(self) -> tuple[int, bytes] | None:
        """Wait for bytes: (STDOUT or STDERR, them), or None at the end of both."""
        ...

    def write(self, content: memoryview, deadline: float) -> int:
        """Write what fits before the deadline (time.monotonic()); 0 when it has passed. BrokenPipeError at the end."""
        ...

    def shut(self) -> None:
        """End the stream in both directions; a waiting `read` returns."""
        ...

    def close(self) -> None:
        """Free what it holds, once nobody reads any more."""
        ...


class Channel:
    """A line out, a line back. What goes wrong here is the predictor's doing, a SubmissionError; but for a log that
    cannot be written, an InfrastructureError."""

    def __init__(self, transport: Transport, log: Path, log_bytes: int) -> None:
        self._transport = transport
        self._log, self._log_left = log, log_bytes
        self._changed = threading.Condition()
        self._lines: deque[bytes] = deque()
        self._partial = bytearray()
        self._fault = self._trouble = ""
        self._ended = self._closed = False
        self._drain = threading.Thread(target=self._run, name="drain", daemon=True)
        self._drain.start()

    def send(self, line: bytes, seconds: float) -> None:
        """Write one line, or raise when the predictor does not read it in time."""
        with self._changed:
            if self._lines or self._fault:
                raise SubmissionError(self._fault or "wrote a line before it was asked. Reply once to each request.")
        deadline = time.monotonic() + seconds
        rest = memoryview(line)
        while rest:
            try:
                written = self._transport.write(rest, deadline)
            except (BrokenPipeError, ConnectionError):
                raise PredictorEndedError("ended before it was asked everything") from None
            if not written:
                raise SubmissionError(f"did not read its input for {seconds:g} s. Read every line as it comes.")
            rest = rest[written:]

    def receive(self, seconds: float) -> bytes:
        """The next line, without its newline."""
        if self._trouble:
            raise InfrastructureError(self._trouble)
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._fault or self._ended, timeout=seconds)
            if self._fault:
                raise SubmissionError(self._fault)
            if self._lines:
                return self._lines.popleft()
            if self._ended:
                raise PredictorEndedError("ended without answering")
            raise SubmissionError(f"gave no answer within {seconds:g} s. Ask for a smaller batch, or be faster.")

    def close(self) -> None:
        """End the stream and wait for the drain to finish."""
        if not self._closed:
            self._closed = True
            self._transport.shut()
            self._drain.join()
            self._transport.close()

    def _run(self) -> None:
        with self._log.open("ab", buffering=0) as log:
            while (chunk := self._transport.read()) is not None:
                stream, content = chunk
                if stream == STDERR:
                    self._keep(log, content[: self._log_left])
                elif not self._fault:
                    self._take(content)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _keep(self, log: RawIOBase, content: bytes) -> None:
        self._log_left -= len(content)
        try:
            log.write(content)
        except OSError as error:  # such as a full disk: not the predictor's doing, and no reason to stop draining
            self._log_left = 0
            self._trouble = f"{self._log}: {error.strerror}; what the predictor printed could not be kept"

    def _take(self, content: bytes) -> None:
        *lines, rest = content.split(b"\n")
        with self._changed:
            for line in lines:
                self._lines.append(bytes(self._partial + line))
                self._partial.clear()
            self._partial += rest
            if len(self._partial) > MAX_LINE_BYTES or any(len(line) > MAX_LINE_BYTES for line in self._lines):
                self._fail(f"sent a line of over {MAX_LINE_BYTES} bytes. Answer one batch a line, and nothing else.")
            elif len(self._lines) > MAX_WAITING:
                self._fail(f"sent over {MAX_WAITING} lines unasked. Reply once to each request; print to stderr.")
            self._changed.notify_all()

    def _fail(self, fault: str) -> None:
        self._fault = fault
        self._lines.clear()
        self._partial.clear()
