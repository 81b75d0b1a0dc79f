"""The interface of every sandbox: start a predictor under limits, and report honestly how well it was isolated."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.contract.result import Isolation, RequestTimings, SandboxName, ServedModel
from harness.contract.submission import Submission
from harness.errors import HarnessError, InputError
from harness.sandbox.channel import Channel
from harness.sandbox.evidence import ResourceUsage

MIB = 2**20
EXCHANGE = "/exchange"  # path of the exchange folder inside a container
WEIGHTS = "/weights"  # path of the weights folder inside a container
WEIGHTS_VARIABLE = "WIKIORDER_WEIGHTS"
# The ways from one run to the next that no sandbox on the machine's own kernel can close.
SHARED_KERNEL = (
    "faults of the kernel",
    "counters of the kernel, such as inode numbers of pipes, and its cache of names",
)
PAGE_CACHE = {True: "an empty page cache at each start", False: "the page cache, which remembers reads of earlier runs"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on every predictor, in seconds, MiB, GiB, bytes and counts as the names say."""

    startup_s: float = 300.0  # enough to load 1 GB of weights from a slow disk and to import torch
    batch_s: float = 120.0  # enough for 64 pairs and a large model on a CPU
    total_s: float = 24 * 3600.0
    memory_gib: float = 16.0  # the most that a manifest may ask for
    cpus: int = field(default_factory=lambda: os.cpu_count() or 1)
    processes: int = 256  # torch starts a few threads per core
    scratch_mib: int = 512  # /tmp, in memory
    shared_mib: int = 64  # /dev/shm: the default of Docker
    log_bytes: int = MIB  # of the predictor's stderr, the first bytes are kept

    def memory_bytes(self, submission: Submission) -> int:
        """Return the memory limit of one submission, which its manifest states.

        Raises:
            InputError: it is more than a predictor gets here.
        """
        asked = submission.resources.memory_gib
        if asked > self.memory_gib:
            raise InputError(
                f"{submission.folder}: asks for resources.memory_gib = {asked:g}, and a predictor gets at most "
                f"{self.memory_gib:g} here. If this machine has it: wikiorder evaluate --memory {asked:g}"
            )
        return int(asked * 2**30)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a predictor ended.

    Attributes:
        exit_code: 128 + n after signal n; None while the predictor still runs.
        notes: a remark of the kernel, such as a kill for lack of memory.
        outside: the cause, if neither the predictor nor its limits ended it; else "".
    """

    exit_code: int | None
    notes: str = ""
    outside: str = ""

    def __str__(self) -> str:
        code = "still runs" if self.exit_code is None else f"ended with exit code {self.exit_code}"
        return f"{code}{f' ({self.notes})' if self.notes else ''}"


class RunningPredictor(Protocol):
    """One started predictor."""

    @property
    def channel(self) -> Channel:
        """The channel that carries requests and replies."""
        ...

    @property
    def exchange(self) -> str:
        """The path under which the predictor sees the exchange folder."""
        ...

    def ending(self) -> Ending:
        """Return how the predictor ended, or that it still runs."""
        ...

    def usage(self) -> ResourceUsage:
        """Return the resources used so far. Call it before `ending`, after which the counters may be gone."""
        ...


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that starting one predictor needs.

    Attributes:
        image: the image digest that `Sandbox.prepare` returned, or None.
        exchange: folder of the current batch's pictures; the predictor sees it read-only.
        weights: folder of weights, read-only as well, or None.
        secret: the frozen set; the predictor must not be able to open anything in it.
        log: file that receives the predictor's stderr.
    """

    submission: Submission
    image: str | None
    exchange: Path
    weights: Path | None
    secret: Path
    log: Path
    limits: Limits

    def environment(self, weights: str | None) -> Mapping[str, str]:
        """Return the predictor's whole environment except PATH and HOME.

        Args:
            weights: the path under which the predictor sees its weights, or None.
        """
        fixed = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        return fixed | ({WEIGHTS_VARIABLE: weights} if weights else {})


class Sandbox(Protocol):
    """A mechanism that runs an untrusted predictor."""

    name: SandboxName

    def prepare(self, submission: Submission) -> str | None:
        """Make the submission ready to start. Return the digest of its image, or None if it has no image."""
        ...

    def isolation(self, data: Path) -> Isolation:
        """Return the isolation of a run whose frozen set lies in folder `data`."""
        ...

    def describe(self) -> str:
        """Return the mechanism and its version in a few words."""
        ...

    def open(self, launch: Launch) -> AbstractContextManager[RunningPredictor]:
        """Start the predictor. On leaving the context, all its processes and files are removed."""
        ...

    def close(self) -> None:
        """Release everything that is held between runs."""
        ...


@runtime_checkable
class AsksServedModel(Protocol):
    """A sandbox that asks a served model, and reports its settings and requests for the result."""

    def served(self) -> ServedModel:
        """Return the model, the settings and the counts of the last run."""
        ...

    def request_timings(self) -> RequestTimings | None:
        """Return latencies and repeated requests; None if nothing was sent."""
        ...


class EngineUnavailableError(HarnessError):
    """No container engine answers."""
