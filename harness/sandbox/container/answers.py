"""The container engine's answers, decoded into the few fields that WikiOrder reads.

Engines add fields with every version, so unknown fields are ignored. A known field of another type is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import field

from harness.contract.decoding import Record
from harness.errors import InfrastructureError
from harness.sandbox.evidence import ResourceUsage

Answer = TypeVar("Answer")


class EngineAnswer(Record, frozen=True, kw_only=True, forbid_unknown_fields=False, rename="pascal"):
    """An answer of the engine, or a part of one; the engine capitalises the names of fields."""


class EngineComponent(EngineAnswer, frozen=True, kw_only=True):
    """One program of an engine, such as "Engine", "containerd" or "Podman Engine"."""

    name: str


class EnginePlatform(EngineAnswer, frozen=True, kw_only=True):
    """The product name of an engine; empty in some builds."""

    name: str = ""


class EngineVersion(EngineAnswer, frozen=True, kw_only=True):
    """Answer to `version`."""

    version: str
    kernel_version: str = ""
    platform: EnginePlatform = EnginePlatform()
    components: list[EngineComponent] | None = None

    @property
    def is_podman(self) -> bool:
        """Whether the engine is Podman."""
        return any("Podman" in component.name for component in self.components or ())

    def __str__(self) -> str:
        return f"{self.platform.name or 'container engine'} {self.version}, {self.kernel_version}"


class ListedImage(EngineAnswer, frozen=True, kw_only=True):
    """One image in the answer to `images`."""

    repo_tags: list[str] | None = None


class ImageConfig(EngineAnswer, frozen=True, kw_only=True):
    """Settings of an image.

    `volumes`: one key per VOLUME that it declares. `on_build`: instructions that run in every build on top of it.
    """

    volumes: dict[str, object] | None = None
    on_build: list[str] | None = None


class LayerFolders(EngineAnswer, frozen=True, kw_only=True):
    """Folders of an image's layers on the engine's host: the last layer, and the others joined by colons."""

    upper_dir: str = ""
    lower_dir: str = ""


class GraphDriver(EngineAnswer, frozen=True, kw_only=True):
    """Storage of an image. `data` has other fields for other drivers than overlay2."""

    data: LayerFolders | None = None


class ImageDescription(EngineAnswer, frozen=True, kw_only=True):
    """Answer to `inspect` of an image; `size` in bytes."""

    architecture: str | None = None
    config: ImageConfig | None = None
    size: int = 0
    graph_driver: GraphDriver | None = None

    def layers(self) -> list[Path]:
        """Return the folders of the image's layers on the engine's host; none where the engine does not name them."""
        data = (self.graph_driver and self.graph_driver.data) or LayerFolders()
        return [Path(folder) for folder in (data.upper_dir, *data.lower_dir.split(":")) if folder]


class EngineStorage(EngineAnswer, frozen=True, kw_only=True):
    """Part of the answer to `info`: where the engine keeps images on its host, and in which form."""

    docker_root_dir: str = ""
    driver: str = ""


class ContainerState(EngineAnswer, frozen=True, kw_only=True):
    """State of a container. `oom_killed`: the kernel killed a process in it for lack of memory."""

    running: bool
    exit_code: int
    oom_killed: bool = field(default=False, name="OOMKilled")
    pid: int | None = None


class ContainerMount(EngineAnswer, frozen=True, kw_only=True):
    """One mount of a container. `source`: its path on the engine's host, empty for a tmpfs."""

    destination: str
    source: str = ""


class ContainerDescription(EngineAnswer, frozen=True, kw_only=True):
    """Answer to `inspect` of a container."""

    state: ContainerState
    mounts: list[ContainerMount] | None = None


class ContainerEvent(EngineAnswer, frozen=True, kw_only=True):
    """One event of a container, such as "kill" or "oom"."""

    action: str = ""


class StatsAnswer(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A part of the answer to `stats`, whose fields have lower-case names."""


class CpuUsage(StatsAnswer, frozen=True, kw_only=True):
    """CPU time in nanoseconds."""

    total_usage: int | None = None


class Throttling(StatsAnswer, frozen=True, kw_only=True):
    """Scheduler periods with a used-up CPU quota, and their time in nanoseconds."""

    throttled_periods: int | None = None
    throttled_time: int = 0


class CpuStats(StatsAnswer, frozen=True, kw_only=True):
    """CPU part of `stats`."""

    cpu_usage: CpuUsage | None = None
    throttling_data: Throttling | None = None


class MemoryStats(StatsAnswer, frozen=True, kw_only=True):
    """Memory part of `stats`, in bytes; `max_usage` exists only with control groups of version 1."""

    max_usage: int | None = None


class ContainerStats(StatsAnswer, frozen=True, kw_only=True):
    """Answer to `stats`, without the fields that the engine's version of control groups does not count."""

    cpu_stats: CpuStats | None = None
    memory_stats: MemoryStats | None = None

    def usage(self, peak: int | None, kills: int | None) -> ResourceUsage:
        """Return these figures as resource usage.

        Args:
            peak: peak memory in bytes according to the kernel, preferred to the engine's figure if known.
            kills: processes killed for lack of memory.
        """
        cpu, memory = self.cpu_stats or CpuStats(), self.memory_stats or MemoryStats()
        total_ns = cpu.cpu_usage.total_usage if cpu.cpu_usage else None
        if not total_ns:  # the engine reports 0 everywhere after a container has ended
            return ResourceUsage(out_of_memory=kills)
        throttling = cpu.throttling_data or Throttling()
        return ResourceUsage(
            peak_memory_bytes=peak if peak is not None else memory.max_usage,
            cpu_s=round(total_ns / 1e9, 3),
            throttled_periods=throttling.throttled_periods,
            throttled_s=round(throttling.throttled_time / 1e9, 3),
            out_of_memory=kills,
        )


def read(kind: type[Answer], answer: object) -> Answer:
    """Decode an answer, parsed from JSON by the SDK, into a value of type `kind`.

    Raises:
        InfrastructureError: the answer does not fit the type.
    """
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise InfrastructureError(
            f"the container engine gave an answer of unknown form ({error}). Update the engine or WikiOrder."
        ) from None
