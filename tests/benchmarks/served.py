"""Requests per second to a mock server that takes 50 ms, with 20 in flight, and the client's own time per request.

python -m tests.benchmarks.served
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection

from harness.contract.protocol import SentPair, SentStep
from harness.contract.submission import EndpointSource
from harness.serve_prompt import Prompt
from harness.served import questions
from harness.served.client import ChatClient, Spending
from harness.served.settings import EndpointSettings, RequestLimits
from tests.harness.served.mock_server import MockServer, serving

PAIRS, CONCURRENCY, DELAY_S = 1500, 20, 0.05


def serve(pipe: Connection) -> None:
    """Run the mock in a process of its own, so that its time is not the client's."""
    with serving(MockServer(delay_s=DELAY_S)) as server:
        pipe.send(server.url)
        pipe.recv()


async def ask(url: str) -> tuple[float, float]:
    """Return the seconds that all requests took, and the processor's seconds in this process."""
    source = EndpointSource(model="mock", served_by="mock")
    settings = EndpointSettings(url, source, Prompt(), RequestLimits(concurrency=CONCURRENCY))
    pairs = [
        SentPair(
            id=f"{n:016x}",
            title=f"Make Tea No. {n}",
            first=SentStep(headline="Boil."),
            second=SentStep(headline="Pour."),
        )
        for n in range(PAIRS)
    ]
    client = ChatClient(settings, Spending())
    bodies = [r.body for pair in pairs for r in questions.requests(settings, pair, 0, logprobs=True)]
    began, used = time.monotonic(), time.process_time()
    await asyncio.gather(*(client.ask(body, logprobs=True) for body in bodies))
    took = time.monotonic() - began, time.process_time() - used
    await client.close()
    return took


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs,))
    process.start()
    wall_s, cpu_s = asyncio.run(ask(ours.recv()))
    ours.send("end")
    process.join()
    requests = 2 * PAIRS
    ideal = CONCURRENCY / DELAY_S
    print(f"{requests / wall_s:.0f} requests/s (at most {ideal:.0f}), {1000 * cpu_s / requests:.2f} ms of our own each")


if __name__ == "__main__":
    main()
