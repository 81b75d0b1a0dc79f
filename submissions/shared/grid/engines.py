"""Who does the cells. Both engines yield (cell, what came of it, or why nothing did), in the order of finishing.

A worker that dies, by a signal or for want of memory, is replaced, and its cell is done again from where it stood.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections import Counter, deque
from collections.abc import Generator, Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import RLock
from typing import Any

import click
from tqdm import tqdm

from harness.errors import InputError
from harness.sandbox.process import kernel
from submissions.shared.grid.plan import Cell, Outcome, Work

Done = tuple[Cell, Outcome | str]
ANSWER_S = 10.0  # a cluster answers within one
RETRIES = 3  # one worker may be killed by chance, three hardly: then the cell itself is too large for its machine


def local(cells: Sequence[Cell], work: Work, jobs: int) -> Generator[Done]:
    """By `jobs` processes of this machine, which end with this one, however it ends."""
    waiting, deaths = deque(cells), Counter[Cell]()
    idle: list[tuple[SpawnProcess, Connection]] = []
    busy: dict[Connection, tuple[SpawnProcess, Cell]] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                process, pipe = idle.pop() if idle else _start(work)
                busy[pipe] = (process, waiting.popleft())
                pipe.send(busy[pipe][1])
            heard = wait(list(busy))
            for pipe in [pipe for pipe in busy if pipe in heard]:
                process, cell = busy.pop(pipe)
                try:
                    outcome: Outcome | str = pipe.recv()
                    idle.append((process, pipe))
                except (EOFError, ConnectionResetError):
                    process.join()
                    deaths[cell] += 1
                    if deaths[cell] <= RETRIES:
                        waiting.appendleft(cell)
                        continue
                    outcome = f"its worker died {deaths[cell]} times, last with exit code {process.exitcode}"
                yield cell, outcome
    finally:
        for process in [*(p for p, _ in idle), *(p for p, _ in busy.values())]:
            process.kill()
            process.join()


def _start(work: Work) -> tuple[SpawnProcess, Connection]:
    context = get_context("spawn")  # torch's threads and a GPU's context do not survive a fork
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work, os.getpid()), daemon=False)
    process.start()
    theirs.close()
    return process, ours


def _serve(pipe: Connection, work: Work, parent: int) -> None:
    """Do cells until killed."""
    from submissions.shared.grid.cell import attempt

    tqdm.set_lock(RLock())  # of this process alone: that of all processes is reported as leaked when it is killed
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    while os.getppid() == parent:
        pipe.send(attempt(pipe.recv(), work))


def on_ray(cells: Sequence[Cell], work: Work, address: str | None, gpu_share: float, cpus: float) -> Generator[Done]:
    """By the machines of a Ray cluster, or, without an address, by this one.

    gpu_share: of a GPU, what a cell takes, so that several share one; of a cluster without GPUs, none is asked for.
    WikiOrder must be installed on each machine, and `work`'s folders be the same, shared ones on all of them.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # its coming default: leave CUDA's variable alone
    try:
        import ray
    except ModuleNotFoundError:
        raise InputError("--engine ray needs the package ray: pip install 'wikiorder[cluster]'") from None
    from submissions.shared.grid.cell import attempt

    begun = not ray.is_initialized()
    if begun:
        try:
            _knock(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except OSError as error:  # a ConnectionError of Ray's own is one too
            first = (error.strerror or str(error)).strip().splitlines()[0]
            raise InputError(f"--address {address}: no Ray cluster answers there ({first})") from None
    try:
        share = gpu_share if ray.cluster_resources().get("GPU") else 0  # type: ignore[no-untyped-call]  # ray gives it no types
        if lack := lacking(ray.nodes(), {"CPU": cpus, "GPU": share}):  # type: ignore[no-untyped-call]  # the same
            click.echo(lack, err=True)
        task = ray.remote(num_cpus=cpus, num_gpus=share, max_retries=RETRIES)(attempt)
        pending = {task.remote(cell, work): cell for cell in cells}
        while pending:
            ready, _ = ray.wait(list(pending), num_returns=1)
            for reference in ready:
                cell = pending.pop(reference)
                try:
                    yield cell, ray.get(reference)
                except ray.exceptions.RayTaskError:
                    raise  # a fault of our code, not of a machine
                except ray.exceptions.RayError as error:
                    yield cell, f"its worker died {RETRIES + 1} times ({str(error).strip().splitlines()[0]})"
    finally:
        if begun:
            ray.shutdown()


def _knock(address: str | None) -> None:
    """An OSError where nothing listens at HOST:PORT; Ray itself would try for minutes. Other addresses it resolves."""
    host, colon, port = (address or "").rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S).close()


def lacking(nodes: Sequence[Mapping[str, Any]], wanted: Mapping[str, float]) -> str | None:
    """What to tell if no machine has what one cell takes: Ray would wait in silence, for one may yet join."""
    for node in nodes:
        if node["Alive"] and all(node["Resources"].get(kind, 0) >= amount for kind, amount in wanted.items()):
            return None
    asked = " and ".join(f"{amount:g} {kind}" for kind, amount in wanted.items() if amount)
    return (
        f"No machine of the cluster has the {asked} that a cell takes; waiting for one to join. Ask for less: --cpus."
    )
