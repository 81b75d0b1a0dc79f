"""The folders of a predictor that runs as a process: their layout, and the paths that Landlock lets it open.

Covered: every run has a fresh folder; the predictor owns only its scratch folder in it. Where the kernel has Landlock,
no path outside the grants can be opened.
Not covered: the existence, size and times of other paths, which Landlock does not hide.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness.contract import shipped
from harness.errors import HarnessError
from harness.sandbox.base import Launch
from harness.sandbox.process import kernel

PACKAGES = Path(__file__).parents[3]
SHARED_PACKAGES = ("harness", "submissions")  # of our packages, a predictor may import these
# System paths that programs commonly read. Not /etc: it holds secrets. Not /proc: it shows other processes' commands.
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/sys", "/etc/alternatives", "/etc/group"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/nsswitch.conf"),
    *("/etc/os-release", "/etc/passwd", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys", "/proc/driver"),
    *("/dev/urandom", "/dev/random"),
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full")


class PredictorFolders(NamedTuple):
    """The folders of one run, under the paths that the predictor sees.

    scratch: its own, writable. library: links to our packages. program: the submission. weights: None if it has none.
    exchange: pictures of the current batch. binds: (source, target), folders to be mounted read-only before the start.
    """

    scratch: Path
    library: Path
    program: Path
    weights: Path | None
    exchange: Path
    binds: list[tuple[str, str]]

    def clear(self, uid: int | None) -> None:
        """Remove the predictor's files as their owner, since root may lack the capability to open the folder."""
        if uid is not None:
            run_as(uid, ["find", str(self.scratch), "-mindepth", "1", "-delete"])
            with suppress(OSError):
                self.scratch.rmdir()


def lay_out(launch: Launch, folder: Path, uid: int | None, bind: bool) -> PredictorFolders:
    """Make the folders of one run below `folder`.

    Args:
        uid: user of the predictor; None for the harness's own.
        bind: mount submission, weights and exchange below `folder`, so that no folder above them must be open to all.

    Raises:
        HarnessError: the scratch folder could not be made as user `uid`.
    """
    folders = PredictorFolders(
        scratch=folder / "scratch",
        library=folder / "library",
        program=launch.submission.folder.resolve(),
        weights=launch.weights,
        exchange=launch.exchange,
        binds=[],
    )
    if uid is None:
        folders.scratch.mkdir(mode=0o700)
    else:  # made by its owner: root may lack the capability to change the owner of a folder
        folder.chmod(0o777)
        if not run_as(uid, ["mkdir", "-m", "700", str(folders.scratch)]):
            raise HarnessError(f"the process sandbox could not make {folders.scratch} as user {uid}")
    folder.chmod(0o755)
    _make(folders.library)
    for name in SHARED_PACKAGES:
        (folders.library / name).symlink_to((PACKAGES / name).resolve())
    return _bound_below(folder, folders) if bind else folders


def _bound_below(folder: Path, folders: PredictorFolders) -> PredictorFolders:
    """Return the same folders with mount targets below `folder` for those that lie elsewhere."""
    sources = {"program": folders.program, "exchange": folders.exchange}
    if folders.weights:
        sources["weights"] = folders.weights
    for name in sources:
        _make(folder / name)
    binds = [(str(source), str(folder / name)) for name, source in sources.items()]
    return folders._replace(binds=binds, **{name: folder / name for name in sources})


def _make(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)  # independent of the umask


def grants(launch: Launch, folders: PredictorFolders, prefixes: list[str], own_shm: bool) -> list[tuple[str, int]]:
    """Return (path, Landlock rights) of everything that the predictor may open.

    Args:
        prefixes: installation folders of its Python interpreter.
        own_shm: it has its own /dev/shm, in its own mount namespace.
    """
    read = [*map(Path, [*SYSTEM, *prefixes]), launch.submission.folder.resolve(), folders.library]
    read += [(PACKAGES / name).resolve() for name in SHARED_PACKAGES] + ([launch.weights] if launch.weights else [])
    found = [grant for path in read for grant in readable_except(path, (launch.secret, shipped.ARCHIVE))]
    found += [(str(folders.exchange), kernel.READ), (str(folders.scratch), kernel.READ_AND_WRITE)]
    devices = [*DEVICES, *(map(str, Path("/dev").glob("nvidia*")) if launch.submission.resources.gpu else [])]
    found += [(device, kernel.USE_DEVICE) for device in devices]
    if own_shm:
        found.append(("/dev/shm", kernel.READ_AND_WRITE))  # noqa: S108 - see `own_shm`
    return found


def readable_except(path: Path, secrets: Sequence[Path]) -> Iterator[tuple[str, int]]:
    """Yield grants to read all below `path` except files and folders of `secrets`, whose parents can only be listed."""
    if any(path.is_relative_to(secret) for secret in secrets):
        return
    if not any(secret.is_relative_to(path) for secret in secrets):
        yield str(path), kernel.READ
        return
    yield str(path), kernel.LIST
    for below in path.iterdir():
        yield from readable_except(below, secrets)


def may(uid: int, test: str, path: Path) -> bool:
    """Return whether a user may read ("-r") or execute ("-x") a path, as the kernel answers to that user."""
    return run_as(uid, ["test", test, str(path)])


def run_as(uid: int, command: list[str]) -> bool:
    """Run a command as another user and return whether it succeeded."""
    return subprocess.run(command, user=uid, group=uid, extra_groups=[], check=False).returncode == 0
