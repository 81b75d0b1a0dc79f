"""The harness in a container itself, with the engine's socket: the predictor runs in a container beside it.

The engine mounts folders of its host, and what the harness calls /tmp/x is something else there. This finds the
harness's own container and says where the engine sees a path: below whatever the harness has mounted. That is why
the harness must have its temporary folder on a volume, not in its own file system or on a --tmpfs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from harness.errors import InputError

MOUNTS = Path("/proc/self/mountinfo")
OWN_HOSTNAME = re.compile(
    r"containers/([0-9a-f]{64})/(?:userdata/)?hostname /etc/hostname "
)  # where an engine keeps it
VOLUME = "--mount type=volume,dst=/tmp,volume-opt=type=tmpfs,volume-opt=device=tmpfs"


def own_container() -> str | None:
    """The engine's name for the container that we run in; None outside of one."""
    found = OWN_HOSTNAME.search(MOUNTS.read_text(encoding="utf-8")) if MOUNTS.exists() else None
    return found[1] if found else None


def on_host(path: Path, mounts: Sequence[Mapping[str, Any]] | None) -> Path:
    """Where the engine's host has a path of ours. mounts: what it has mounted for us, None outside a container."""
    if mounts is None:
        return path
    above = [mount for mount in mounts if path.is_relative_to(mount["Destination"]) and mount.get("Source")]
    if not above:
        held = f"{path} is in this container alone, and the predictor's container could not see it"
        raise InputError(f"{held}. Start the harness with {VOLUME}, or use --sandbox process.")
    mount = max(above, key=lambda mount: len(PurePosixPath(mount["Destination"]).parts))
    return Path(mount["Source"]) / path.relative_to(mount["Destination"])
