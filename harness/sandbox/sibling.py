"""The harness in a container itself, with the engine's socket: the predictor runs in a container beside it.

The engine mounts folders of its host, and what the harness calls /tmp/x is something else there. This finds the
harness's own container and says where the engine sees a path: below whatever the harness has mounted. That is why
the harness must have its temporary folder on a volume, not in its own file system or on a --tmpfs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from harness.records import InputError

if TYPE_CHECKING:
    from docker import DockerClient

MOUNTS = Path("/proc/self/mountinfo")
OWN_HOSTNAME = re.compile(
    r"containers/([0-9a-f]{64})/(?:userdata/)?hostname /etc/hostname "
)  # where an engine keeps it
VOLUME = "--mount type=volume,dst=/tmp,volume-opt=type=tmpfs,volume-opt=device=tmpfs"


def own_mounts(engine: DockerClient) -> list[dict[str, Any]] | None:
    """What the engine has mounted into the container that we run in; None if it runs no such container."""
    from docker.errors import NotFound

    found = OWN_HOSTNAME.search(MOUNTS.read_text(encoding="utf-8")) if MOUNTS.exists() else None
    if not found:
        return None
    try:
        mounts: list[dict[str, Any]] = engine.containers.get(found[1]).attrs["Mounts"]
    except NotFound:  # a container of another engine
        return None
    return mounts


def on_host(path: Path, mounts: Sequence[Mapping[str, Any]] | None) -> Path:
    """Where the engine's host has a path of ours. mounts: what `own_mounts` found."""
    if mounts is None:
        return path
    above = [mount for mount in mounts if path.is_relative_to(mount["Destination"]) and mount.get("Source")]
    if not above:
        held = f"{path} is in this container alone, and the predictor's container could not see it"
        raise InputError(f"{held}. Start the harness with {VOLUME}, or use --sandbox process.")
    mount = max(above, key=lambda mount: len(PurePosixPath(mount["Destination"]).parts))
    return Path(mount["Source"]) / path.relative_to(mount["Destination"])
