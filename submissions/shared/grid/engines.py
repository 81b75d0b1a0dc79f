"""The engines that run cells: processes of this machine, or Ray. Both yield finished cells in the order of finishing.

A worker that dies, by a signal or for lack of memory, is replaced, and its cell is resumed.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections import Counter, deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import RLock
from typing import TypedDict

import click
from tqdm import tqdm

from harness.errors import InputError
from harness.sandbox.process import kernel
from submissions.shared.grid.store import Cell, Outcome, Work

FinishedCell = tuple[Cell, Outcome | str]  # the outcome, or the reason of the failure
CONNECT_S = 10.0  # a cluster that is there accepts a connection within one second
RETRIES = 3  # a worker may be killed by chance once; after three times, the cell is too large for its machine


@dataclass(frozen=True)
class EngineOptions:
    """The choice of an engine.

    name: "local" or "ray". jobs: cells at once (local). address: of a Ray cluster; None for Ray on this machine alone.
    gpu_share, cpus: the fraction of one GPU and the cores that each cell may use (ray).
    """

    name: str = "local"
    jobs: int = 1
    address: str | None = None
    gpu_share: float = 1.0
    cpus: float = 1.0


class RayNode(TypedDict):
    """One machine of a Ray cluster, as `ray.nodes()` describes it."""

    Alive: bool
    Resources: dict[str, float]


def run(cells: Sequence[Cell], work: Work, options: EngineOptions) -> Generator[FinishedCell]:
    """Run cells by the chosen engine."""
    if options.name == "local":
        return local(cells, work, options.jobs)
    return on_ray(cells, work, options)


def local(cells: Sequence[Cell], work: Work, jobs: int) -> Generator[FinishedCell]:
    """Run cells in `jobs` processes of this machine. They end when this process ends, even when it is killed."""
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
    """Run cells until the parent process ends or kills this one."""
    from submissions.shared.grid.cell import attempt

    tqdm.set_lock(RLock())  # for this process alone: a lock of all processes is reported as leaked after a kill
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets Ctrl-C as well and ends its workers
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    while os.getppid() == parent:
        pipe.send(attempt(pipe.recv(), work))


def on_ray(cells: Sequence[Cell], work: Work, options: EngineOptions) -> Generator[FinishedCell]:
    """Run cells on the machines of a Ray cluster. GPUs are requested only if the cluster has any.

    WikiOrder must be installed on each machine, and the folders of `work` must be shared under the same paths.

    Raises:
        InputError: Ray is not installed, or no cluster answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no usage statistics are sent to Ray's developers
    os.environ.setdefault(
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"
    )  # Ray's future default: do not change CUDA_VISIBLE_DEVICES
    try:
        import ray
    except ModuleNotFoundError:
        raise InputError("--engine ray needs the package ray: pip install 'wikiorder[cluster]'") from None
    from submissions.shared.grid.cell import attempt

    address, started = options.address, not ray.is_initialized()
    if started:
        try:
            _check_listening(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except OSError as error:  # Ray's own ConnectionError is an OSError, too
            reason = (error.strerror or str(error)).strip().splitlines()[0]
            raise InputError(f"--address {address}: no Ray cluster answers there ({reason})") from None
    try:
        share = options.gpu_share if ray.cluster_resources().get("GPU") else 0
        if warning := lacking(ray.nodes(), {"CPU": options.cpus, "GPU": share}):
            click.echo(warning, err=True)
        task = ray.remote(num_cpus=options.cpus, num_gpus=share, max_retries=RETRIES)(attempt)
        pending = {task.remote(cell, work): cell for cell in cells}
        while pending:
            ready, _ = ray.wait(list(pending), num_returns=1)
            for reference in ready:
                cell = pending.pop(reference)
                try:
                    yield cell, ray.get(reference)
                except ray.exceptions.RayTaskError:
                    raise  # a bug in this code, not a failure of a machine
                except ray.exceptions.RayError as error:
                    yield cell, f"its worker died {RETRIES + 1} times ({str(error).strip().splitlines()[0]})"
    finally:
        if started:
            ray.shutdown()


def _check_listening(address: str | None) -> None:
    """Raise an OSError if nothing listens at HOST:PORT, where Ray would retry for minutes. Skip other addresses."""
    host, colon, port = (address or "").rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()


def lacking(nodes: Sequence[RayNode], wanted: Mapping[str, float]) -> str | None:
    """Return a warning if no machine has the resources for one cell: Ray waits silently until such a machine joins."""
    for node in nodes:
        if node["Alive"] and all(node["Resources"].get(kind, 0) >= amount for kind, amount in wanted.items()):
            return None
    asked = " and ".join(f"{amount:g} {kind}" for kind, amount in wanted.items() if amount)
    return (
        f"No machine of the cluster has the {asked} that a cell takes; waiting for one to join. Lower --cpus or "
        "--gpu-share."
    )
