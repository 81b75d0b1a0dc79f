"""What every sandbox offers: a predictor under limits, lines to and from it, and an honest word on isolation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.contract.submission import Submission
from harness.errors import HarnessError
from harness.sandbox.channel import Channel
from harness.sandbox.evidence import Usage

MIB = 2**20
FILES_PER_MIB = 256  # of scratch: one file a page
EXCHANGE = "/exchange"  # where pictures are seen inside a container
WEIGHTS = "/weights"  # where a weights folder is seen inside a container
WEIGHTS_VARIABLE = "WIKIORDER_WEIGHTS"


@dataclass(frozen=True, slots=True)
class Limits:
    """What no submission can exceed. Seconds, MiB, counts."""

    startup_s: float = 300.0  # loading 1 GB of weights from a slow disk, and importing torch
    batch_s: float = 120.0  # 64 pairs of a large model on a CPU
    total_s: float = 24 * 3600.0
    memory_gib: float = 16.0  # a submission asks for less in its manifest, never for more
    cpus: int = field(default_factory=lambda: os.cpu_count() or 1)
    processes: int = 256  # torch starts a few threads a core
    scratch_mib: int = 512  # /tmp, in memory
    shared_mib: int = 64  # /dev/shm: the engine's own default
    log_bytes: int = MIB  # of what the predictor prints, this much is kept

    def memory_bytes(self, submission: Submission) -> int:
        return int(min(self.memory_gib, submission.resources.memory_gib) * 2**30)


@dataclass(frozen=True, slots=True)
class Isolation:
    """What stood between the predictor and the answers. isolated: nothing known lets it reach them."""

    sandbox: str
    isolated: bool
    covers: tuple[str, ...]
    exposes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a predictor ended. exit_code: 128 + n for signal n, None while it runs. notes: what the kernel says.

    outside: who ended it, if neither it did nor its limits.
    """

    exit_code: int | None
    notes: str = ""
    outside: str = ""

    def __str__(self) -> str:
        code = "still runs" if self.exit_code is None else f"ended with exit code {self.exit_code}"
        return f"{code}{f' ({self.notes})' if self.notes else ''}"


class Session(Protocol):
    """One running predictor."""

    @property
    def channel(self) -> Channel: ...

    @property
    def exchange(self) -> str:
        """The path under which the predictor sees the exchange folder."""
        ...

    def ending(self) -> Ending: ...

    def usage(self) -> Usage:
        """What it has used so far; asked before its ending, which may bury it."""
        ...


@dataclass(frozen=True, slots=True)
class Launch:
    """What one run needs. image: what `prepare` returned. exchange, weights: folders to be seen read-only.

    secret: the frozen set, of which nothing may be opened.
    """

    submission: Submission
    image: str | None
    exchange: Path
    weights: Path | None
    secret: Path
    log: Path
    limits: Limits

    def environment(self, weights: str | None) -> Mapping[str, str]:
        """The predictor's whole environment, but for PATH and HOME."""
        fixed = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        return fixed | ({WEIGHTS_VARIABLE: weights} if weights else {})


class Sandbox(Protocol):
    """A way to run a stranger's predictor."""

    name: str

    def prepare(self, submission: Submission) -> str | None:
        """Make the submission ready to start; the digest of its image, or None where there is no image."""
        ...

    def isolation(self, data: Path) -> Isolation:
        """What this sandbox keeps from the predictor, given where the frozen set lies."""
        ...

    def describe(self) -> str:
        """What holds the predictor, and its version, in a few words."""
        ...

    def open(self, launch: Launch) -> AbstractContextManager[Session]:
        """Start the predictor; on leaving, nothing of it is left."""
        ...

    def close(self) -> None:
        """Let go of what is held between runs."""
        ...


class EngineUnavailableError(HarnessError):
    """No container engine answers."""

    exit_code = 2
