"""The line channel to a predictor that may flood, stall, send nonsense or end.

Covered: one thread always drains the predictor's output, so a full pipe never blocks either side; output beyond the
limits is discarded; every write and every wait has a deadline.
Not covered: everything that the predictor may reach besides its standard streams; that is the sandbox's task.
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
MAX_WAITING = 4  # unread replies; a predictor that follows the protocol leaves none


class PredictorEndedError(SubmissionError):
    """The predictor ended before it answered the request."""


class Transport(Protocol):
    """The byte streams under a channel."""

    def read(self) -> tuple[int, bytes] | None:
        """Wait for output and return (STDOUT or STDERR, bytes), or None after the end of both streams."""
        ...

    def write(self, content: memoryview, deadline: float) -> int:
        """Write as much as fits before the deadline (`time.monotonic()`) and return the number of bytes.

        Returns 0 after the deadline. Raises BrokenPipeError if the predictor has closed its input.
        """
        ...

    def shut(self) -> None:
        """End the stream in both directions, so that a waiting `read` returns."""
        ...

    def close(self) -> None:
        """Release all descriptors. Call it only after the last `read` has returned."""
        ...


class Channel:
    """Lines to and from one predictor.

    Every failure here is the submission's fault (SubmissionError), except a log that cannot be written
    (InfrastructureError).
    """

    def __init__(self, transport: Transport, log: Path, log_bytes: int) -> None:
        """Open the log and begin to read.

        Raises:
            OSError: the log cannot be opened.
        """
        self._transport = transport
        self._log, self._log_left = log, log_bytes
        self._changed = threading.Condition()
        self._lines: deque[bytes] = deque()
        self._partial = bytearray()
        self._fault = self._log_failure = ""
        self._ended = self._closed = False
        self._drain = threading.Thread(target=self._run, args=(log.open("ab", buffering=0),), name="drain", daemon=True)
        self._drain.start()

    def send(self, line: bytes, seconds: float) -> None:
        """Write one line, newline included, within `seconds`.

        Raises:
            PredictorEndedError: the predictor has closed its input.
            SubmissionError: it wrote a line before this request, broke a limit, or did not read its input in time.
        """
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
        """Wait up to `seconds` for the next line and return it without its newline.

        Raises:
            InfrastructureError: the log could not be written.
            PredictorEndedError: the predictor ended without a reply.
            SubmissionError: it broke a limit, or sent no reply in time.
        """
        if self._log_failure:
            raise InfrastructureError(self._log_failure)
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
        """End the stream and wait until the drain thread has finished."""
        if not self._closed:
            self._closed = True
            self._transport.shut()
            self._drain.join()
            self._transport.close()

    def _run(self, log: RawIOBase) -> None:
        with log:
            while (chunk := self._transport.read()) is not None:
                stream, content = chunk
                if stream == STDERR:
                    self._append_to_log(log, content[: self._log_left])
                elif not self._fault:
                    self._split_lines(content)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _append_to_log(self, log: RawIOBase, content: bytes) -> None:
        self._log_left -= len(content)
        try:
            log.write(content)
        except OSError as error:  # such as a full disk: not the predictor's fault, and draining must continue
            self._log_left = 0
            self._log_failure = f"{self._log}: {error.strerror}; the predictor's output could not be kept"

    def _split_lines(self, content: bytes) -> None:
        *lines, rest = content.split(b"\n")
        with self._changed:
            for line in lines:
                self._lines.append(bytes(self._partial + line))
                self._partial.clear()
            self._partial += rest
            if len(self._partial) > MAX_LINE_BYTES or any(len(line) > MAX_LINE_BYTES for line in self._lines):
                self._fail(f"sent a line of over {MAX_LINE_BYTES} bytes. Send one line per batch, and nothing else.")
            elif len(self._lines) > MAX_WAITING:
                self._fail(f"sent over {MAX_WAITING} lines unasked. Reply once to each request; print to stderr.")
            self._changed.notify_all()

    def _fail(self, fault: str) -> None:
        """Record a broken limit and discard all output read so far."""
        self._fault = fault
        self._lines.clear()
        self._partial.clear()
