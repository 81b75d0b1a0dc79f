"""The environment of a run, as the machine describes it: `environment.json` of a result bundle."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from harness.contract.result import Environment, Machine, PredictorUsage
from harness.run.session import StartedPredictor, Transcript

PACKAGES = ("numpy", "pillow", "scipy", "docker")  # ours; the predictor's are those of its image, which has a digest
NVIDIA = Path("/proc/driver/nvidia")
DRIVER = re.compile(r"\d+\.\d+(?:\.\d+)?")


def describe(transcript: Transcript, sandbox: str) -> Environment:
    """Return the environment of a run. sandbox: the mechanism that held the predictor, in words."""
    return Environment(
        machine=machine(),
        sandbox=sandbox,
        packages=packages(PACKAGES),
        libraries=dict(transcript.libraries),
        predictors=[_predictor(start) for start in transcript.starts],
        seams=transcript.seams,
    )


def _predictor(start: StartedPredictor) -> PredictorUsage:
    wall_s = round(start.startup_s + start.asking_s, 3)
    return PredictorUsage(at_batch=start.at_batch, wall_s=wall_s, **asdict(start.usage))


def machine(nvidia: Path = NVIDIA) -> Machine:
    """Return this machine. nvidia: the folder in which the GPU driver describes itself."""
    lines = _read(Path("/proc/cpuinfo")).splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    driver, gpus = graphics(nvidia)
    return Machine(
        system=platform.system(),
        kernel=platform.release(),
        architecture=platform.machine(),
        processor=model,
        cpus=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        python=platform.python_version(),
        gpus=gpus,
        gpu_driver=driver,
    )


def graphics(nvidia: Path) -> tuple[str | None, list[str]]:
    """Return the version of the driver and the model of each GPU, from /proc; None and [] without one."""
    found = DRIVER.search(_read(nvidia / "version"))
    lines = [line for path in sorted(nvidia.glob("gpus/*/information")) for line in _read(path).splitlines()]
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("Model")]
    return found[0] if found else None, models


def packages(names: Sequence[str]) -> dict[str, str]:
    """Return the installed version of each of these distributions that is installed."""
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
