"""The private root of a predictor: a file system that holds the paths it needs and no other.

Covered: every system call that takes a path resolves it below a fresh tmpfs. That tmpfs holds read-only mounts of
system folders, interpreter, submission, weights and exchange, its own /proc, /dev, /tmp and /dev/shm. The host's root
is unmounted, so nothing else can be opened, listed, watched or measured, not even its existence.
Not covered: mount points below a mounted folder, which appear empty; the metadata of the system folders themselves.

Standard library only: this module runs in the supervisor.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from harness.sandbox.process import kernel

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random")
DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
# Of /proc, besides the processes. The other files count events of the whole machine, and such a count would be a
# memory from one run to the next.
PROC_KEPT = {"self", "thread-self", "mounts", "net", "cpuinfo", "filesystems", "version"}


class PrivateRoot(NamedTuple):
    """The content of a private root, as passed to the supervisor in JSON.

    folder: an empty folder of the host, on which the root is mounted. binds: (source on the host, path in the root),
    mounted read-only. links and texts: (path in the root, target or content). devices: paths of device files.
    proc_kept: further names of /proc that stay visible. memory_bytes, scratch_mib, shared_mib: limits of the predictor.
    """

    folder: str
    binds: list[tuple[str, str]]
    links: list[tuple[str, str]]
    texts: list[tuple[str, str]]
    devices: list[str]
    proc_kept: list[str]
    memory_bytes: int
    scratch_mib: int
    shared_mib: int


def enter(private: PrivateRoot, uid: int) -> str:
    """Build the private root and make it the root of this process, the first one of a process id namespace.

    Args:
        uid: user of the predictor, who owns /tmp and /dev/shm.

    Returns:
        The step that the kernel refused; "" if it refused none.
    """
    new = private.folder
    if not kernel.mount("none", new, "tmpfs", kernel.MS_NOSUID, "size=1m,mode=755"):
        return "a tmpfs"
    refused = _mount_own(new, private, uid)  # first, since an interpreter may be installed below /tmp
    if refused:
        return refused
    for path, target in private.links:
        _parents(new, path)
        with contextlib.suppress(FileExistsError):
            Path(new + path).symlink_to(target)
    for path, content in private.texts:
        _parents(new, path)
        Path(new + path).write_text(content, encoding="utf-8")
        os.chmod(new + path, 0o444)  # noqa: PTH101 - strings throughout, for hundreds of paths
    for source, path in private.binds:
        if not _bind(source, new + path):
            return source
    refused = _mount_proc(new, private)
    if refused:
        return refused
    if not kernel.mount(None, new, None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_NOSUID):
        return "a read-only root"
    return "" if kernel.change_root(new) else "a change of the root"


def _parents(new: str, path: str) -> None:
    os.makedirs(os.path.dirname(new + path), mode=0o755, exist_ok=True)  # noqa: PTH103, PTH120 - see above


def _bind(source: str, target: str) -> bool:
    """Mount a file or folder at a path in the new root."""
    _parents(target, "")
    if os.path.isdir(source):  # noqa: PTH112 - see above
        os.makedirs(target, mode=0o755, exist_ok=True)  # noqa: PTH103 - see above
    else:
        Path(target).touch()
    return kernel.bind_read_only(source, target)


def _mount_own(new: str, private: PrivateRoot, uid: int) -> str:
    """Mount /tmp, /dev/shm and the devices; return what the kernel refused, or ""."""
    os.makedirs(new + "/dev/shm", mode=0o755, exist_ok=True)  # noqa: PTH103, S108 - in the new root
    os.makedirs(new + "/tmp", mode=0o755, exist_ok=True)  # noqa: PTH103, S108 - in the new root
    for path, mib in (("/tmp", private.scratch_mib), ("/dev/shm", private.shared_mib)):  # noqa: S108 - in the new root
        if not kernel.mount_tmpfs(new + path, mib, uid):
            return path
    for device in private.devices:
        _parents(new, device)
        Path(new + device).touch()
        if not kernel.mount(device, new + device, None, kernel.MS_BIND):
            return device
    for name, target in DEVICE_LINKS.items():
        Path(f"{new}/dev/{name}").symlink_to(target)
    return ""


def _mount_proc(new: str, private: PrivateRoot) -> str:
    """Mount a /proc that shows the predictor's own processes alone; return what the kernel refused, or ""."""
    proc = new + "/proc"
    os.mkdir(proc, 0o755)  # noqa: PTH102 - see above
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    if not kernel.mount("proc", proc, "proc", flags, "hidepid=2"):
        return "/proc"
    total = private.memory_bytes // 1024
    lines = "".join(f"{name + ':':<16}{total} kB\n" for name in ("MemTotal", "MemFree", "MemAvailable"))
    meminfo = new + "/.meminfo"
    Path(meminfo).write_text(lines, encoding="ascii")
    os.chmod(meminfo, 0o444)  # noqa: PTH101 - see above
    kept = PROC_KEPT | set(private.proc_kept)
    for entry in os.scandir(proc):
        if entry.name.isdigit() or entry.name in kept or entry.is_symlink():
            continue
        path = f"{proc}/{entry.name}"
        if entry.is_dir():
            masked = kernel.mount("none", path, "tmpfs", flags | kernel.MS_RDONLY, "size=4k,mode=555")
        else:
            source = meminfo if entry.name == "meminfo" else new + "/dev/null"
            masked = (
                kernel.bind_read_only(source, path)
                if source == meminfo
                else kernel.mount(source, path, None, kernel.MS_BIND)
            )
        if not masked:
            return path
    return ""
