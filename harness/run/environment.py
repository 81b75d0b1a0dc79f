"""Where a run was made: environment.json of a result bundle, by the word of the machine and not of the submission."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.run.session import Asked, Start

FORMAT = 1
PACKAGES = ("numpy", "pillow", "scipy", "docker")  # ours; the predictor's are those of its image, which has a digest
NVIDIA = Path("/proc/driver/nvidia")
DRIVER = re.compile(r"\d+\.\d+(?:\.\d+)?")
LONGEST = 1000  # characters of a reason


def describe(asked: Asked, sandbox: str, said: Mapping[str, str]) -> dict[str, Any]:
    """sandbox: what held the predictor. said: libraries and their versions, by the predictor's own word."""
    return {
        "format": FORMAT,
        "machine": machine(),
        "sandbox": sandbox,
        "packages": packages(PACKAGES),
        "said_by_submission": dict(said),
        "predictors": [_predictor(start) for start in asked.starts],
        "seams": [{**asdict(seam), "reason": seam.reason[:LONGEST]} for seam in asked.seams],
    }


def _predictor(start: Start) -> dict[str, Any]:
    return {"at_batch": start.at_batch, "wall_s": round(start.startup_s + start.asking_s, 3), **asdict(start.usage)}


def machine(nvidia: Path = NVIDIA) -> dict[str, Any]:
    lines = _read(Path("/proc/cpuinfo")).splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    driver, gpus = graphics(nvidia)
    return {
        "system": platform.system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "processor": model,
        "cpus": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
        "gpus": gpus,
        "gpu_driver": driver,
    }


def graphics(nvidia: Path) -> tuple[str | None, list[str]]:
    """The driver's version and the model of each GPU, as the driver tells them in /proc; None and none without one."""
    found = DRIVER.search(_read(nvidia / "version"))
    lines = [line for path in sorted(nvidia.glob("gpus/*/information")) for line in _read(path).splitlines()]
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("Model")]
    return found[0] if found else None, models


def packages(names: Sequence[str]) -> dict[str, str]:
    held = {}
    for name in names:
        for distribution in metadata.distributions(name=name):
            held[name] = distribution.version
            break
    return held


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
