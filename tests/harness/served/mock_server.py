"""An OpenAI-compatible server for tests, of the standard library alone: it answers by a hash of the question.

With `misbehaves`, one request in three, drawn by its content, fails on its first tries; the kinds take turns:
status 429 with Retry-After, errors, cut connections, slow, malformed, truncated and oversized replies, wrong
log-probabilities, refusals of the model. No request fails more than twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

FAULTS = ("429", "500", "503", "cut", "slow", "malformed", "truncated", "no choices", "huge", "wrong sum", "positive",
          "no logprobs", "refusal", "not a message", "cut in a chunk")  # fmt: skip
SHARE = 3  # one request in so many fails


@dataclass
class MockServer:
    """The settings of a server, and a record of the requests that it has read."""

    logprobs: bool = True
    misbehaves: bool = False
    delay_s: float = 0.0
    slow_s: float = 30.0
    at_once: int | None = None  # more requests are refused with 429
    busy_once_s: float = 0.0  # the first request is refused with this Retry-After
    key: str | None = None
    text: str | None = None  # the answer to everything
    port: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # by fault
    asked: Counter[str] = field(default_factory=Counter)  # by digest of the body
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    most_in_flight: int = 0
    _in_flight: int = 0
    _faults: dict[str, str] = field(default_factory=dict)  # by digest of the body; the kinds take turns

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) and await self._one(head.decode(), reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            writer.close()

    async def _one(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False ends the connection."""
        lines = dict(line.split(": ", 1) for line in head.lower().split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(lines.get("content-length", 0)))
        self.headers.append(head)
        if head.startswith("GET"):
            send(writer, 200, {"data": [{"id": "mock", "owned_by": "tests", "root": "mock-1"}]})
            return True
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            return await self._chat(body, lines, writer)
        finally:
            self._in_flight -= 1

    async def _chat(self, body: bytes, lines: dict[str, str], writer: asyncio.StreamWriter) -> bool:
        request = json.loads(body)
        if self.key and lines.get("authorization") != f"bearer {self.key.lower()}":
            send(writer, 401, {"error": {"message": f"wrong key {lines.get('authorization')}", "code": "invalid"}})
            return True
        if self.at_once and self._in_flight > self.at_once:
            send(writer, 429, {"error": {"message": "slow down"}}, "Retry-After: 0.02\r\n")
            return True
        if request.get("logprobs") and not self.logprobs:
            send(writer, 422, {"detail": "Unsupported fields in the request: {'logprobs'}"})
            return True
        digest = hashlib.sha256(body).hexdigest()
        self.asked[digest] += 1
        self.bodies.append(request)
        if self.busy_once_s and len(self.bodies) == 1:
            send(writer, 429, {"error": {"message": "busy"}}, f"Retry-After: {self.busy_once_s}\r\n")
            return True
        await asyncio.sleep(self.delay_s)
        number = int(digest[:8], 16)
        bad = self.misbehaves and number % SHARE == 0 and self.asked[digest] <= 1 + number // 7 % 2
        fault = self._faults.setdefault(digest, FAULTS[len(self._faults) % len(FAULTS)]) if bad else ""
        return await self._reply(request, fault, writer)

    async def _reply(self, request: dict[str, Any], fault: str, writer: asyncio.StreamWriter) -> bool:
        reply = self.answer(request)
        self.failed[fault] += 1
        if fault == "429":
            send(writer, 429, {"error": {"message": "busy"}}, "Retry-After: 0.01\r\n")
        elif fault in ("500", "503"):
            send(writer, int(fault), {"error": {"message": "internal"}})
        elif fault in ("cut", "slow"):
            await asyncio.sleep(self.slow_s if fault == "slow" else 0)
            return False
        elif fault == "malformed":
            send_bytes(writer, 200, b'{"choices": [{"message"')
        elif fault == "not a message":
            send(writer, 200, {"choices": [{"message": {"content": ["A"]}}]})
        elif fault == "truncated":
            content = json.dumps(reply).encode()
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content[:40])
            await writer.drain()
            return False
        elif fault == "cut in a chunk":
            writer.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"choices": [')
            await writer.drain()
            return False
        elif fault == "huge":
            send_bytes(writer, 200, b" " * (5 * 2**20))
        else:
            spoil(reply, fault)
            send(writer, 200, reply)
        return True

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """A reply that depends on the messages alone."""
        said = json.dumps(request["messages"]).encode()
        p = (1 + hashlib.sha256(said).digest()[0]) / 258
        letter = "A" if p > 0.5 else "B"
        choice: dict[str, Any] = {"message": {"content": self.text or letter}, "finish_reason": "stop"}
        if request.get("logprobs"):
            top = [{"token": "A", "logprob": math.log(p)}, {"token": "B", "logprob": math.log(1 - p)}]
            choice["logprobs"] = {"content": [{"token": letter, "logprob": max(t["logprob"] for t in top),
                                               "top_logprobs": top}]}  # fmt: skip
        return {"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 1}}


def spoil(reply: dict[str, Any], fault: str) -> None:
    """Make a reply wrong in one way; other faults leave it as it is."""
    choice = reply["choices"][0]
    if fault == "no choices":
        reply["choices"] = []
    elif fault == "refusal":
        choice["message"] = {"content": None, "refusal": "I cannot help with that."}
    elif fault == "no logprobs":
        choice["logprobs"] = None
    elif choice.get("logprobs") and fault == "wrong sum":
        choice["logprobs"]["content"][0]["top_logprobs"] = [{"token": t, "logprob": 0.0} for t in "ABC"]
    elif choice.get("logprobs") and fault == "positive":
        choice["logprobs"]["content"][0]["top_logprobs"][0]["logprob"] = 0.7


def send(writer: asyncio.StreamWriter, status: int, record: object, headers: str = "") -> None:
    send_bytes(writer, status, json.dumps(record).encode(), headers)


def send_bytes(writer: asyncio.StreamWriter, status: int, content: bytes, headers: str = "") -> None:
    head = f"HTTP/1.1 {status} Mock\r\nServer: mock/1\r\nContent-Type: application/json\r\n{headers}"
    writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)


@contextmanager
def serving(server: MockServer) -> Iterator[MockServer]:
    """Run a server in a thread."""
    ready = threading.Event()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        listening = await asyncio.start_server(server.handle, "127.0.0.1", server.port, limit=2**24)
        server.port = listening.sockets[0].getsockname()[1]
        stop = asyncio.Event()
        running.append((asyncio.get_running_loop(), stop))
        ready.set()
        await stop.wait()
        listening.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop, stop = running[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
