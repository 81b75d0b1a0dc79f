"""What a predictor used, and who ended it: by the word of the kernel and the engine, never by its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROC, CGROUP = Path("/proc"), Path("/sys/fs/cgroup")
KILLED = 137  # 128 + SIGKILL
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PEAK = ("memory.max_usage_in_bytes", "memory.peak")  # by the version of control groups
KILLS = ("memory.oom_control", "memory.events")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a predictor used in all; None where nothing here counts it.

    throttled_*: how often, and for how long, its share of the processors was used up. out_of_memory: kills, by the
    kernel, for lack of memory.
    """

    peak_memory_bytes: int | None = None
    cpu_s: float | None = None
    throttled_periods: int | None = None
    throttled_s: float | None = None
    out_of_memory: int | None = None


def usage_of_container(stats: Mapping[str, Any], peak: int | None, kills: int | None) -> Usage:
    """stats: what the engine answers; it leaves out what its version of control groups does not count."""
    cpu, memory = stats.get("cpu_stats") or {}, stats.get("memory_stats") or {}
    if not (cpu.get("cpu_usage") or {}).get("total_usage"):  # of an ended container everything is 0
        return Usage(out_of_memory=kills)
    throttled = cpu.get("throttling_data") or {}
    return Usage(
        peak_memory_bytes=peak if peak is not None else memory.get("max_usage"),
        cpu_s=round(cpu["cpu_usage"]["total_usage"] / 1e9, 3),
        throttled_periods=throttled.get("throttled_periods"),
        throttled_s=round(throttled.get("throttled_time", 0) / 1e9, 3),
        out_of_memory=kills,
    )


def memory_of_container(
    process: int, container: str, proc: Path = PROC, cgroup: Path = CGROUP
) -> tuple[int | None, int | None]:
    """Peak bytes, and kills for lack of memory; None where the engine is on another machine.

    There its number for a process is another's here, which is why the container must be named in the group's path.
    """
    with suppress(OSError):
        for line in (proc / str(process) / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if container in path and (not controllers or "memory" in controllers.split(",")):
                version = 0 if controllers else 1
                group = cgroup / ("memory" if controllers else "") / path.lstrip("/")
                if (group / PEAK[version]).exists():
                    return int((group / PEAK[version]).read_text()), _field(group / KILLS[version], "oom_kill")
    return None, None


def usage_of_tree(root: int, proc: Path = PROC) -> Usage:
    """Of a process and all its descendants that are there now, with what those had used that it has buried."""
    parents, ticks, peaks = {}, {}, {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has ended meanwhile
                fields = (entry / "stat").read_bytes().rpartition(b") ")[2].split()
                number = int(entry.name)
                parents[number], ticks[number] = int(fields[1]), sum(map(int, fields[11:15]))
                peaks[number] = (_field(entry / "status", "VmHWM:") or 0) * 1024
    below = set(_below(root, parents))
    peak = sum(peaks[number] for number in below - {root})
    cpu_s = sum(ticks.get(number, 0) for number in below) * TICK_S
    return Usage(peak_memory_bytes=peak or None, cpu_s=round(cpu_s, 3))


def killed_for_memory(proc: Path = PROC) -> int:
    """How many processes this machine has killed for lack of memory since it was started."""
    return _field(proc / "vmstat", "oom_kill") or 0


def who_else(exit_code: int | None, own_limit: bool, killed: bool, kills_on_machine: int) -> str:
    """Who ended a predictor, if neither it did nor its own limits; else "".

    own_limit: the kernel killed in it for its own limit of memory. killed: the engine was told to kill it.
    kills_on_machine: processes killed for lack of memory while it ran.
    """
    if own_limit:
        return ""
    if killed:
        return "somebody ended the predictor from outside"
    if exit_code == KILLED and kills_on_machine:
        return "the machine ran out of memory and killed the predictor, which was below its own limit"
    return ""


def _field(path: Path, name: str) -> int | None:
    with suppress(OSError):
        for line in path.read_text().splitlines():
            first, *rest = line.split()
            if first == name and rest:
                return int(rest[0])
    return None


def _below(root: int, parents: Mapping[int, int]) -> Iterator[int]:
    yield root
    for number, parent in parents.items():
        if parent == root:
            yield from _below(number, parents)
