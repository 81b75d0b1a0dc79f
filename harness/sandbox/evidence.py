"""Resources that a predictor used and causes of its end, as measured by the kernel, never as claimed by the predictor.

Covered: memory, CPU time and kills for lack of memory, as /proc and the control groups count them.
Who ended a predictor is read from its own state and events alone. The machine's counters are not read: they also rise
when the predictor exceeds its own limit, or when something unrelated is killed.
Not covered: an engine on another machine, whose /proc is not readable here; the fields are then None. A predictor that
the machine kills for lack of memory, below its own limit, without an event of its own: its exit cannot be told from one
by its own hand.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.sandbox.process import tree

PROC, CGROUP = Path("/proc"), Path("/sys/fs/cgroup")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PEAK = ("memory.max_usage_in_bytes", "memory.peak")  # file name in version 1 and 2 of control groups
KILLS = ("memory.oom_control", "memory.events")  # the same


@dataclass(frozen=True, slots=True)
class ResourceUsage:
    """Resources that a predictor used in all its processes; None where nothing here counts them.

    Attributes:
        throttled_periods: scheduler periods in which its CPU quota was used up.
        throttled_s: seconds for which it was stopped by that quota.
        out_of_memory: processes killed by the kernel for lack of memory.
    """

    peak_memory_bytes: int | None = None
    cpu_s: float | None = None
    throttled_periods: int | None = None
    throttled_s: float | None = None
    out_of_memory: int | None = None


def memory_of_container(
    process: int, container: str, proc: Path = PROC, cgroup: Path = CGROUP
) -> tuple[int | None, int | None]:
    """Return a container's peak memory in bytes and its kills for lack of memory, from the control groups.

    Both are None if the engine is on another machine. Its process id then names an unrelated process here, so the
    container's id must occur in the path of the process's control group.

    Args:
        process: id of the container's first process, according to the engine.
        container: id of the container.
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


def usage_of_tree(root: int, proc: Path = PROC) -> ResourceUsage:
    """Return the usage of a process and its descendants, including the children they have waited for.

    Memory is the sum of the peaks of the descendants alone: `root` is the supervisor, not the predictor.
    """
    parents, ticks, peaks = {}, {}, {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # the process has ended meanwhile
                fields = (entry / "stat").read_bytes().rpartition(b") ")[2].split()
                number = int(entry.name)
                parents[number], ticks[number] = int(fields[1]), sum(map(int, fields[11:15]))
                peaks[number] = (_field(entry / "status", "VmHWM:") or 0) * 1024
    descendants = tree.below(root, parents)
    peak = sum(peaks[number] for number in descendants)
    cpu_s = sum(ticks.get(number, 0) for number in {root, *descendants}) * TICK_S
    return ResourceUsage(peak_memory_bytes=peak or None, cpu_s=round(cpu_s, 3))


def outside_cause(own_limit: bool, killed: bool) -> str:
    """Return why a predictor ended, if neither the predictor nor its own limits ended it; else "".

    Args:
        own_limit: the kernel killed a process in it at the predictor's own memory limit.
        killed: the engine was told to kill it.
    """
    return "the predictor was ended from outside" if killed and not own_limit else ""


def _field(path: Path, name: str) -> int | None:
    """Return the number after `name` in a file of names and numbers; None if there is none."""
    with suppress(OSError):
        for line in path.read_text().splitlines():
            first, *rest = line.split()
            if first == name and rest:
                return int(rest[0])
    return None
