"""Every flag of a predictor's container, and which images may start one. A test reads them; no engine is needed."""

from __future__ import annotations

import os
import platform
from typing import Any

from harness.errors import SubmissionError
from harness.sandbox.base import EXCHANGE, FILES_PER_MIB, MIB, WEIGHTS, Launch, Limits
from harness.sandbox.lease import owner

USER = 10001  # any number but root's; no image needs to know it
RUN_LABEL, OWNER_LABEL, LEASE_LABEL = "wikiorder.run", "wikiorder.owner", "wikiorder.lease"
LEASE_SLACK_S = 600  # a container may outlive its run's time limit by this much before anybody may remove it
MAX_IMAGE_BYTES = 40 * 2**30
# Which Podman would make writable, beside /tmp, under a read-only root.
PODMANS_OWN = dict.fromkeys(("/run", "/var/tmp"), "ro,nosuid,nodev,noexec,size=4k")  # noqa: S108 - its own
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def container_options(launch: Launch, run: str, now: float, podman: bool = False) -> dict[str, Any]:
    """Every flag of a predictor's container. Nothing in a submission can loosen one; a test reads them."""
    limits, submission = launch.limits, launch.submission
    memory = limits.memory_bytes(submission)
    mounts = {str(launch.exchange): {"bind": EXCHANGE, "mode": "ro"}}
    if launch.weights:
        mounts[str(launch.weights)] = {"bind": WEIGHTS, "mode": "ro"}
    options: dict[str, Any] = {
        "image": launch.image,
        "entrypoint": list(submission.command),
        "command": [],
        "environment": {**launch.environment(WEIGHTS if launch.weights else None), "HOME": "/tmp"},  # noqa: S108 - its own
        "working_dir": "/submission",
        "user": f"{USER}:{USER}",
        "hostname": "predictor",
        "network_mode": "none",
        "read_only": True,
        "tmpfs": _tmpfs(limits, podman),
        "shm_size": limits.shared_mib * MIB,
        "volumes": mounts,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "privileged": False,
        "ipc_mode": "private",
        "mem_limit": memory,
        "memswap_limit": memory,  # the same: no swap
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
    if submission.resources.gpu:
        options["device_requests"] = [{"count": 1, "capabilities": [["gpu"]]}]
    return options


def _tmpfs(limits: Limits, podman: bool) -> dict[str, str]:
    """The scratch folder, bounded in bytes, and in files, each of which takes memory that no size shows.

    Podman refuses a bound on files; there the container's memory alone bounds them.
    """
    files = "" if podman else f",nr_inodes={limits.scratch_mib * FILES_PER_MIB}"
    scratch = {"/tmp": f"rw,nosuid,nodev,exec,mode=1777,size={limits.scratch_mib * MIB}{files}"}  # noqa: S108 - its own
    return scratch | (PODMANS_OWN if podman else {})


def machine() -> str:
    """This machine's architecture, by the name that images use."""
    return MACHINES.get(platform.machine(), platform.machine())


def check_image(attributes: dict[str, Any], name: str) -> None:
    """Refuse an image that would not run here, or that would open a hole. attributes: what `inspect` says."""
    wanted = machine()
    found = attributes.get("Architecture")
    if found != wanted:
        raise SubmissionError(f"{name}: its image is for {found}, this machine is {wanted}. Build it for {wanted}.")
    volumes = (attributes.get("Config") or {}).get("Volumes")
    if volumes:
        raise SubmissionError(f"{name}: its image declares VOLUME {', '.join(volumes)}, which is writable. Remove it.")
    size = attributes.get("Size", 0)
    if size > MAX_IMAGE_BYTES:
        raise SubmissionError(f"{name}: its image has {size / 2**30:.0f} GiB, over {MAX_IMAGE_BYTES / 2**30:.0f}.")
