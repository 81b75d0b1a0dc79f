"""Paths for a harness that itself runs in a container and starts predictors through the engine's socket.

The engine mounts folders of its own host, where the harness's /tmp/x is a different folder. This module finds the
harness's own container and translates a path into the engine's path, through the mounts of that container. Therefore
the harness must have its temporary folder on a volume, not in the container's own file system or on a --tmpfs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from harness.errors import InputError
from harness.sandbox.container.answers import ContainerMount

MOUNTS = Path("/proc/self/mountinfo")
# The engine mounts /etc/hostname from a folder that carries the container's id.
OWN_HOSTNAME = re.compile(r"containers/([0-9a-f]{64})/(?:userdata/)?hostname /etc/hostname ")
VOLUME = "--mount type=volume,dst=/tmp,volume-opt=type=tmpfs,volume-opt=device=tmpfs"


def own_container() -> str | None:
    """Return the id of the container that this process runs in, or None outside a container."""
    found = OWN_HOSTNAME.search(MOUNTS.read_text(encoding="utf-8")) if MOUNTS.exists() else None
    return found[1] if found else None


def on_host(path: Path, mounts: Sequence[ContainerMount] | None) -> Path:
    """Return the path on the engine's host of a path in this container.

    Args:
        mounts: the mounts of this container; None outside a container, where paths are the same.

    Raises:
        InputError: the path lies on no mount, so the engine cannot see it.
    """
    if mounts is None:
        return path
    above = [mount for mount in mounts if path.is_relative_to(mount.destination) and mount.source]
    if not above:
        held = f"{path} is in this container alone, and the predictor's container could not see it"
        raise InputError(f"{held}. Start the harness with {VOLUME}, or use --sandbox process.")
    mount = max(above, key=lambda mount: len(PurePosixPath(mount.destination).parts))
    return Path(mount.source) / path.relative_to(mount.destination)
