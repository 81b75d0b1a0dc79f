"""The folders of a predictor that runs as a process: their layout, and the paths that it can reach.

Covered: every run has a fresh folder with a copy of exactly the digested files of the submission; the predictor owns
only its scratch folder. With namespaces, the paths of `private_root` are all that exist for it. Without, where the
kernel has Landlock, no path outside the grants can be opened.
Not covered: without namespaces, the existence, size and times of other paths, which Landlock does not hide.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from harness.contract import shipped, submission
from harness.errors import HarnessError
from harness.sandbox.base import EXCHANGE, WEIGHTS, Launch
from harness.sandbox.process import kernel
from harness.sandbox.process.root import DEVICES, PrivateRoot

PACKAGES = shipped.PACKAGES
SHARED_PACKAGES = ("harness", "submissions/shared")  # of our packages, a predictor may import these
HIDDEN_PACKAGES = ("dataset_builder", "leaderboard", "submissions", "tests")  # sets, results and other submissions
SUBMISSION, LIBRARY, SCRATCH = "/submission", "/library", "/tmp"  # noqa: S108 - paths in the private root
# System paths that programs commonly read. Not /etc: it holds secrets. Not /proc: it shows other processes' commands.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives", "/etc/ld.so.cache")
# Of /sys, the number of processors and memory nodes; the rest counts events of the whole machine.
CONSTANT_SYSTEM = ("/sys/devices/system/cpu", "/sys/devices/system/node")
GPU_SYSTEM = ("/sys",)
UNCONFINED_SYSTEM = (
    *("/sys", "/etc/group", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/nsswitch.conf"),
    *("/etc/os-release", "/etc/passwd", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys", "/proc/driver"),
)
WRITABLE_DEVICES = ("/dev/null", "/dev/zero", "/dev/full")
MOUNTS = Path("/proc/self/mountinfo")
TEXTS = {
    "/etc/passwd": "root:x:0:0:root:/:/usr/sbin/nologin\npredictor:x:{uid}:{uid}::/tmp:/usr/sbin/nologin\n",
    "/etc/group": "root:x:0:\npredictor:x:{uid}:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/library/submissions/__init__.py": "",
}


# Never "/": an interpreter that is installed there lies in the system's folders.
PREFIXES = (
    "import json, os, sys; p = {sys.prefix, sys.base_prefix, sys.exec_prefix}; "
    "print(json.dumps(sorted((p | {os.path.realpath(q) for q in p}) - {'/'})))"
)
PathPair = tuple[str, str]


class Interpreter(NamedTuple):
    """A Python interpreter. prefixes: folders of its installation and of the virtual environment around it."""

    path: Path
    prefixes: list[str]

    @classmethod
    def at(cls, path: Path) -> Interpreter:
        """Ask an interpreter for its folders.

        Raises:
            HarnessError: it cannot be run.
        """
        try:
            asked = subprocess.run([str(path), "-I", "-c", PREFIXES], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise HarnessError(f"the process sandbox could not run {path}: {error}") from None
        return cls(path, json.loads(asked.stdout))

    def links(self) -> Iterator[Path]:
        """Yield the chain of links from its path to the program itself."""
        path = self.path
        while path.is_symlink():
            yield path
            path = path.parent / path.readlink()


class PredictorFolders(NamedTuple):
    """The folders of one run. In a private root the predictor sees them under other paths.

    scratch: its own, writable. library: links to our packages. program: the copy of the submission. weights: None if it
    has none. exchange: pictures of the current batch.
    """

    scratch: Path
    library: Path
    program: Path
    weights: Path | None
    exchange: Path

    def clear(self, uid: int | None) -> None:
        """Remove the predictor's files as their owner, since root may lack the capability to open the folder."""
        if uid is not None:
            run_as(uid, ["find", str(self.scratch), "-mindepth", "1", "-delete"])
            with suppress(OSError):
                self.scratch.rmdir()


def lay_out(launch: Launch, folder: Path, uid: int | None) -> PredictorFolders:
    """Make the folders of one run below `folder`.

    Args:
        uid: user of the predictor; None for the harness's own.

    Raises:
        HarnessError: the scratch folder could not be made as user `uid`.
        InputError: the submission has changed.
    """
    folders = PredictorFolders(
        scratch=folder / "scratch",
        library=folder / "library",
        program=folder / "program",
        weights=launch.weights,
        exchange=launch.exchange,
    )
    if uid is None:
        folders.scratch.mkdir(mode=0o700)
    else:  # made by its owner: root may lack the capability to change the owner of a folder
        folder.chmod(0o777)
        if not run_as(uid, ["mkdir", "-m", "700", str(folders.scratch)]):
            raise HarnessError(f"the process sandbox could not make {folders.scratch} as user {uid}")
    folder.chmod(0o755)
    for made in (folders.program, folders.library, folders.library / "submissions"):
        made.mkdir()
        made.chmod(0o755)  # independent of the umask
    submission.ship(launch.submission, folders.program)
    (folders.library / "submissions/__init__.py").touch()
    for name in SHARED_PACKAGES:
        (folders.library / name).symlink_to((PACKAGES / name).resolve())
    return folders


def hidden(launch: Launch) -> list[Path]:
    """Return the folders of which a predictor may see nothing, wherever they lie: set, results, other submissions."""
    known = [launch.secret, shipped.ARCHIVE, launch.log.parent.resolve()]
    return [*known, *(PACKAGES / name for name in HIDDEN_PACKAGES)]


def private_root(
    launch: Launch, folders: PredictorFolders, folder: Path, interpreter: Interpreter, uid: int
) -> PrivateRoot:
    """Return the content of a predictor's private root.

    Args:
        folder: an empty folder on which it is mounted.
        uid: user of the predictor.
    """
    gpu = launch.submission.resources.gpu
    binds, links = system_mounts(interpreter, hidden(launch), gpu)
    binds += [(str(folders.program), SUBMISSION), (str(folders.exchange), EXCHANGE)]
    binds += [(str((PACKAGES / name).resolve()), f"{LIBRARY}/{name}") for name in SHARED_PACKAGES]
    if folders.weights:
        binds.append((str(folders.weights), WEIGHTS))
    limits = launch.limits
    return PrivateRoot(
        folder=str(folder),
        binds=binds,
        links=links,
        texts=[(path, text.format(uid=uid)) for path, text in TEXTS.items()],
        devices=[path for path in (*DEVICES, *gpu_devices(gpu)) if Path(path).exists()],
        proc_kept=["driver"] if gpu else [],
        memory_bytes=limits.memory_bytes(launch.submission),
        scratch_mib=limits.scratch_mib,
        shared_mib=limits.shared_mib,
    )


def system_mounts(interpreter: Interpreter, secrets: list[Path], gpu: bool) -> tuple[list[PathPair], list[PathPair]]:
    """Return the read-only mounts and the links that system programs and an interpreter need in a private root.

    Args:
        secrets: absolute folders that none of the mounts may contain.
        gpu: mount the driver's folders as well.
    """
    binds: list[PathPair] = []
    links: list[PathPair] = []
    for path in map(Path, [*SYSTEM, *(GPU_SYSTEM if gpu else CONSTANT_SYSTEM), *interpreter.prefixes]):
        if any(path.is_relative_to(seen) for seen, _ in binds):
            continue
        for found in reachable_except(path, secrets):
            if found.is_symlink():
                links.append((str(found), str(found.readlink())))
            else:
                binds.append((str(found), str(found)))
    mounted = [path for path, _ in binds]
    binds += _mounts_below(mounted, secrets, gpu)
    links += [(str(path), str(path.readlink())) for path in interpreter.links() if not _is_below(path, mounted)]
    return binds, links


def visible(launch: Launch, interpreter: Interpreter) -> list[Path]:
    """Return the folders of the machine that predictors of several runs can read; the submission is copied anew."""
    binds, _ = system_mounts(interpreter, hidden(launch), launch.submission.resources.gpu)
    shared = [Path(path) for path, _ in binds if not path.startswith("/sys")]
    shared += [(PACKAGES / name).resolve() for name in SHARED_PACKAGES]
    return [*shared, launch.weights] if launch.weights else shared


def private_grants(gpu: bool) -> list[tuple[str, int]]:
    """Return (path, Landlock rights) in a private root, in which every path is meant for the predictor."""
    found = [("/", kernel.READ), (SCRATCH, kernel.READ_AND_WRITE), ("/dev/shm", kernel.READ_AND_WRITE)]  # noqa: S108 - its own
    return found + [(device, kernel.USE_DEVICE) for device in (*WRITABLE_DEVICES, *gpu_devices(gpu))]


def grants(launch: Launch, folders: PredictorFolders, interpreter: Interpreter) -> list[tuple[str, int]]:
    """Return (path, Landlock rights) of everything that a predictor without a private root may open."""
    gpu, secrets = launch.submission.resources.gpu, hidden(launch)
    system = map(Path, [*SYSTEM, *UNCONFINED_SYSTEM, *DEVICES, *interpreter.prefixes])
    read = [path for wanted in system for path in reachable_except(wanted, secrets)]
    read += [folders.program, folders.library, folders.exchange] + ([folders.weights] if folders.weights else [])
    read += [(PACKAGES / name).resolve() for name in SHARED_PACKAGES]
    found = [(str(path), kernel.READ) for path in read] + [(str(folders.scratch), kernel.READ_AND_WRITE)]
    return found + [(device, kernel.USE_DEVICE) for device in (*WRITABLE_DEVICES, *gpu_devices(gpu))]


def reachable_except(path: Path, secrets: Iterable[Path]) -> Iterator[Path]:
    """Yield the paths that together hold all below `path` except the folders `secrets`."""
    inside = [secret for secret in secrets if secret.is_relative_to(path)]
    if not os.path.lexists(path) or path in inside:
        return
    if not inside or path.is_symlink():
        yield path
        return
    for below in path.iterdir():
        yield from reachable_except(below, inside)


def _mounts_below(paths: list[str], secrets: list[Path], gpu: bool) -> list[tuple[str, str]]:
    """Return further mounts below mounted folders: single files, and for a GPU folders too.

    Container runtimes mount the driver's libraries into a container one by one.
    """
    found = []
    for line in MOUNTS.read_text(encoding="utf-8").splitlines():
        point = Path(line.split()[4].replace("\\040", " "))
        below = str(point) not in paths and _is_below(point, paths)
        apart = not any(point.is_relative_to(secret) or secret.is_relative_to(point) for secret in secrets)
        if below and apart and (gpu or point.is_file()):
            found.append((str(point), str(point)))
    return found


def _is_below(path: Path, folders: Iterable[str]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def gpu_devices(gpu: bool) -> list[str]:
    """Return the paths of the GPU driver's devices, if a GPU is asked for."""
    return sorted(str(path) for path in Path("/dev").rglob("nvidia*") if path.is_char_device()) if gpu else []


def may(uid: int, test: str, path: Path) -> bool:
    """Return whether a user may read ("-r"), execute ("-x") or see ("-e") a path, as the kernel answers them."""
    return run_as(uid, ["test", test, str(path)])


def can_become(uid: int) -> bool:
    """Return whether this process may become another user, which root may not without its capabilities."""
    try:
        return run_as(uid, ["true"])
    except PermissionError:
        return False


def run_as(uid: int, command: list[str]) -> bool:
    """Run a command as another user and return whether it succeeded."""
    return subprocess.run(command, user=uid, group=uid, extra_groups=[], check=False).returncode == 0
