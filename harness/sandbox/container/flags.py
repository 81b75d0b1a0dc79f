"""Every flag of a predictor's container, and the checks of an image before it is started.

Covered: a submission cannot loosen any flag; a test compares the whole list, without an engine.
Not covered: whether the engine keeps the flags; `tests/hostile` tries that.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import SubmissionError
from harness.sandbox.base import EXCHANGE, MIB, WEIGHTS, Launch, Limits
from harness.sandbox.container import seccomp
from harness.sandbox.container.answers import ImageDescription
from harness.sandbox.lease import owner
from harness.sandbox.process.kernel import FILES_PER_MIB

if TYPE_CHECKING:  # importing the SDK takes a quarter of a second, so only a run does it
    from docker.types import Mount

USER = 10001  # any number except root's 0; no image needs an entry for it
RUN_LABEL, OWNER_LABEL, LEASE_LABEL = "wikiorder.run", "wikiorder.owner", "wikiorder.lease"
LEASE_SLACK_S = 600  # seconds after the run's time limit before another harness may remove the container
MAX_IMAGE_BYTES = 40 * 2**30
# Besides /tmp, Podman makes these writable under a read-only root, unless they are mounted read-only.
PODMAN_WRITABLE = dict.fromkeys(("/run", "/var/tmp"), "ro,nosuid,nodev,noexec,size=4k")  # noqa: S108 - in the container
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def container_options(
    launch: Launch, run: str, now: float, podman: bool = False, runtime: str | None = None
) -> dict[str, object]:
    """Return every flag of a predictor's container, as arguments of the SDK's `containers.create`.

    Args:
        run: random name of this run.
        now: seconds since the epoch, from which the lease is counted.
        podman: the engine is Podman, which refuses a limit on the number of files in a tmpfs.
        runtime: the container runtime, such as "runsc"; None for the engine's own.
    """
    limits, submission = launch.limits, launch.submission
    memory = limits.memory_bytes(submission)
    mounts = [_mount(launch.exchange, EXCHANGE)]
    if launch.weights:
        mounts.append(_mount(launch.weights, WEIGHTS))
    options: dict[str, object] = {
        "image": launch.image,
        "entrypoint": list(submission.command),
        "command": [],
        "environment": {**launch.environment(WEIGHTS if launch.weights else None), "HOME": "/tmp"},  # noqa: S108 - in the container
        "working_dir": "/submission",
        "user": f"{USER}:{USER}",
        "hostname": "predictor",
        "network_mode": "none",
        "read_only": True,
        "tmpfs": _tmpfs(limits, podman),
        "shm_size": limits.shared_mib * MIB,
        "mounts": mounts,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", *(() if podman else (f"seccomp={seccomp.profile()}",))],
        "privileged": False,
        "ipc_mode": "private",
        "mem_limit": memory,
        "memswap_limit": memory,  # equal: no swap
        "pids_limit": limits.processes,
        "nano_cpus": limits.cpus * 10**9,
        "init": True,
        "log_config": {"Type": "none", "Config": {}},
        "healthcheck": {"test": ["NONE"]},
        "stdin_open": True,
        "labels": {
            RUN_LABEL: run,
            OWNER_LABEL: owner(os.getpid()),
            LEASE_LABEL: str(int(now + limits.startup_s + limits.total_s + LEASE_SLACK_S)),
        },
    }
    if runtime:
        options["runtime"] = runtime
    if submission.resources.gpu:
        options["device_requests"] = [{"count": 1, "capabilities": [["gpu"]]}]
    return options


def _mount(source: Path, target: str) -> Mount:
    """Return a read-only mount. Unlike a volume, it allows a colon in the path and refuses a source that is missing."""
    from docker.types import Mount

    return Mount(target, str(source), type="bind", read_only=True)


def _tmpfs(limits: Limits, podman: bool) -> dict[str, str]:
    """Return the scratch folder with its limits in bytes and in files.

    Each file takes memory that no size shows. Podman refuses a limit on files; there only the container's memory limit
    bounds them.
    """
    files = "" if podman else f",nr_inodes={limits.scratch_mib * FILES_PER_MIB}"
    scratch = {"/tmp": f"rw,nosuid,nodev,exec,mode=1777,size={limits.scratch_mib * MIB}{files}"}  # noqa: S108 - in the container
    return scratch | (PODMAN_WRITABLE if podman else {})


def machine() -> str:
    """Return this machine's architecture under the name that images use."""
    return MACHINES.get(platform.machine(), platform.machine())


def check_image(image: ImageDescription, name: str) -> None:
    """Check that the image of submission `name` runs on this machine and weakens no flag.

    Raises:
        SubmissionError: it is for another architecture, declares a VOLUME, or is too large.
    """
    wanted = machine()
    if image.architecture != wanted:
        raise SubmissionError(
            f"{name}: its image is for {image.architecture}, this machine is {wanted}. Build it for {wanted}."
        )
    volumes = image.config.volumes if image.config else None
    if volumes:
        raise SubmissionError(f"{name}: its image declares VOLUME {', '.join(volumes)}, which is writable. Remove it.")
    if image.size > MAX_IMAGE_BYTES:
        size, most = image.size / 2**30, MAX_IMAGE_BYTES / 2**30
        raise SubmissionError(f"{name}: its image has {size:.0f} GiB, over {most:.0f}. Make it smaller.")
