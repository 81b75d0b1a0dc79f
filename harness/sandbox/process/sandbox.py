"""The process sandbox: a predictor without a container engine, as another user where the harness is root.

Covered everywhere: no new privileges, no capabilities, no inherited descriptors, a scrubbed environment, a scratch
folder of its own; limits on the memory of all its processes together, on their number, on files and on time; every
descendant ends with the run, and with the harness. As root: another user, who can neither signal the harness nor look
into it.
Where the kernel has Landlock (since 5.13): no file but the system's libraries, the interpreter, the submission, its
weights and the current pictures can be opened, whatever its permissions say. Where it lets us filter calls: no socket,
no System V IPC, no message queue, no key ring. Where root may make namespaces: no network, and /dev/shm of its own.
Not covered: faults of the kernel; which paths exist, and their sizes and times (stat is not restricted); a share of the
processors; the overshoot of memory and disk limits within half a second. Where the harness is no root: the predictor is
the same user, and before version 6 of Landlock it may kill the harness; the result says that it was not isolated.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from harness.contract.submission import Submission
from harness.errors import HarnessError, InfrastructureError
from harness.sandbox import evidence, lease
from harness.sandbox.base import Ending, Isolation, Launch
from harness.sandbox.channel import STDERR, STDOUT, Channel
from harness.sandbox.evidence import Usage
from harness.sandbox.process import confine, kernel

CHUNK = 2**18
FIRST_UID, UIDS = 61000, 4000  # a fresh uid a run, so that no run can touch what another left
END_S = 2 * confine.END_S
PACKAGES = Path(__file__).parents[3]
SHARED_PACKAGES = ("harness", "submissions")  # what a predictor may import of ours
# What programs commonly read of a system. Not /etc: it holds secrets. Not /proc: it shows the command lines of others.
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/sys", "/etc/alternatives", "/etc/group"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/nsswitch.conf"),
    *("/etc/os-release", "/etc/passwd", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys", "/proc/driver"),
    *("/dev/urandom", "/dev/random"),
)
GPUS_SHOWN = "CUDA_VISIBLE_DEVICES"
GRANTED = {"namespaces": "namespaces", "files": "Landlock", "calls": "seccomp"}
DEVICES = ("/dev/null", "/dev/zero", "/dev/full")


class Pipes:
    """A predictor's three pipes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101 - all three are pipes, for the type checker
        self._input = process.stdin.fileno()
        self._streams = {process.stdout.fileno(): STDOUT, process.stderr.fileno(): STDERR}
        self._selector = selectors.DefaultSelector()
        for descriptor in self._streams:
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._wake, self._waker = os.pipe()
        self._selector.register(self._wake, selectors.EVENT_READ)
        os.set_blocking(self._input, False)

    def read(self) -> tuple[int, bytes] | None:
        while len(self._selector.get_map()) > 1:
            for key, _ in self._selector.select():
                if key.fd == self._wake:
                    return None
                content = os.read(key.fd, CHUNK)
                if content:
                    return self._streams[key.fd], content
                self._selector.unregister(key.fd)
        return None

    def write(self, content: memoryview, deadline: float) -> int:
        with selectors.DefaultSelector() as writable:
            writable.register(self._input, selectors.EVENT_WRITE)
            if not writable.select(max(0.0, deadline - time.monotonic())):
                return 0
        return os.write(self._input, content)

    def shut(self) -> None:
        os.write(self._waker, b".")

    def close(self) -> None:
        self._selector.close()
        os.close(self._wake)
        os.close(self._waker)


class Place(NamedTuple):
    """Where a predictor finds things. library: through which it sees our packages. binds: (from, to), to be mounted."""

    scratch: Path
    library: Path
    program: Path
    weights: Path | None
    exchange: Path
    binds: list[tuple[str, str]]


class ProcessSession:
    """One predictor as a process of this machine. process: the one that watches over it.

    protected: the predictor is another user, who cannot signal it.
    """

    def __init__(self, process: subprocess.Popen[bytes], launch: Launch, exchange: Path, protected: bool) -> None:
        self._process, self._protected = process, protected
        self._killed_before = evidence.killed_for_memory()
        self.exchange = str(exchange)
        self.channel = Channel(Pipes(process), launch.log, launch.limits.log_bytes)

    def ending(self) -> Ending:
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return Ending(None)
        if code < 0 and self._protected:  # then the predictor cannot have done it
            return Ending(128 - code, outside=f"somebody ended the predictor's watcher, by signal {-code}")
        kills = evidence.killed_for_memory() - self._killed_before
        return Ending(code, outside=evidence.who_else(code, False, False, kills))

    def usage(self) -> Usage:
        return evidence.usage_of_tree(self._process.pid)


class ProcessSandbox:
    """python: the interpreter that `python` and `python3` mean in a submission's command."""

    name = "process"

    def __init__(self, python: Path | None = None) -> None:
        if sys.platform != "linux":
            raise HarnessError(f"the process sandbox needs Linux, this is {sys.platform}. Use --sandbox docker.")
        self.python = python or Path(sys.executable)
        self.uid = FIRST_UID + secrets.randbelow(UIDS) if os.geteuid() == 0 else None
        self.why_not = "" if self.uid else "the harness is not root, so the predictor runs as the same user"
        if self.uid and not may(self.uid, "-x", self.python):
            self.uid, self.why_not = None, f"another user could not execute {self.python}"
        self.kernel: dict[str, bool] = json.loads(_ask([sys.executable, "-I", "-S", confine.__file__, "probe"]))
        self._prefixes = json.loads(_ask([str(self.python), "-I", "-c", PREFIXES]))

    def close(self) -> None:
        """Nothing is held between runs."""

    def describe(self) -> str:
        granted = [word for part, word in GRANTED.items() if self.kernel[part]]
        return f"no engine; {', '.join(granted) or 'nothing of the kernel to hold a process'}"

    def prepare(self, submission: Submission) -> str | None:
        """Nothing to build: the command runs in the submission's own folder."""
        return None

    def isolation(self, data: Path) -> Isolation:
        """isolated: as another user, without network, and without any way to the answers."""
        covers = ["no new privileges", "no capabilities", "no inherited descriptors", "scrubbed environment"]
        covers += ["limits on memory, processes, files and time"]
        exposes = ["which paths exist, and their sizes and times"]
        answers = data / "answers/answers.jsonl"
        readable = not self.kernel["files"] and (self.uid is None or may(self.uid, "-r", answers))
        network = not self.kernel["calls"] and not (self.uid and self.kernel["namespaces"])
        for covered, words, otherwise in (
            (self.uid is not None, "another user", f"the harness's own user: {self.why_not}"),
            (self.kernel["files"], "files but its own", "files that every user can read"),
            (not readable, "the answers", f"the answers: {answers} can be read"),
            (not network, "no network", "the network"),
            (self.kernel["calls"], "no System V IPC, no message queues", "System V IPC and message queues"),
        ):
            (covers if covered else exposes).append(words if covered else otherwise)
        isolated = self.uid is not None and not readable and not network
        return Isolation(self.name, isolated, tuple(covers), tuple(exposes))

    @contextmanager
    def open(self, launch: Launch) -> Iterator[ProcessSession]:
        with lease.folder("scratch", os.getpid()) as folder:
            place = _lay_out(launch, folder, self.uid, bind=self.uid is not None and self.kernel["namespaces"])
            process = self._start(launch, place)
            try:
                session = ProcessSession(process, launch, place.exchange, self.uid is not None)
                try:
                    yield session
                finally:
                    session.channel.close()
            finally:
                self._end(process)
                _clear(place.scratch, self.uid)

    def _start(self, launch: Launch, place: Place) -> subprocess.Popen[bytes]:
        command = list(launch.submission.command)
        if command[0] in ("python", "python3"):
            command[0] = str(self.python)
        limits = launch.limits
        order = confine.Order(
            command=command,
            folder=str(place.program),
            harness=os.getpid(),
            uid=self.uid,
            memory_bytes=limits.memory_bytes(launch.submission),
            processes=limits.processes,
            scratch=str(place.scratch),
            scratch_mib=limits.scratch_mib,
            shared_mib=limits.shared_mib,
            binds=place.binds,
            grants=self._grants(launch, place),
        )
        environment = {
            **launch.environment(str(place.weights) if place.weights else None),
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(place.library),
            "HOME": str(place.scratch),
            "TMPDIR": str(place.scratch),
        }
        if launch.submission.resources.gpu and GPUS_SHOWN in os.environ:  # what a scheduler gave us is what it may have
            environment[GPUS_SHOWN] = os.environ[GPUS_SHOWN]
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", confine.__file__, json.dumps(order._asdict())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise InfrastructureError(f"the process sandbox could not start: {error}") from None

    def _grants(self, launch: Launch, place: Place) -> list[tuple[str, int]]:
        """All that the predictor may open, and what it may do with it."""
        read = [*map(Path, [*SYSTEM, *self._prefixes]), launch.submission.folder.resolve(), place.library]
        read += [(PACKAGES / name).resolve() for name in SHARED_PACKAGES] + ([launch.weights] if launch.weights else [])
        grants = [grant for path in read for grant in around(path, launch.secret)]
        grants += [(str(place.exchange), kernel.READ), (str(place.scratch), kernel.OWN)]
        devices = [*DEVICES, *(map(str, Path("/dev").glob("nvidia*")) if launch.submission.resources.gpu else [])]
        grants += [(device, kernel.USE) for device in devices]
        if self.uid is not None and self.kernel["namespaces"]:
            grants.append(("/dev/shm", kernel.OWN))  # noqa: S108 - its own, in its own mount namespace
        return grants

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Have the watcher end everything; should it not, or should it be gone, do what can be done from here."""
        with suppress(subprocess.TimeoutExpired):
            process.terminate()
            process.wait(timeout=END_S)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()
        if self.uid is not None:
            _run_as(self.uid, ["sh", "-c", "kill -9 -1 2>/dev/null"])  # all that this user may signal: its own


PREFIXES = "import json, sys; print(json.dumps(sorted({sys.prefix, sys.base_prefix, sys.exec_prefix})))"


def around(path: Path, secret: Path) -> Iterator[tuple[str, int]]:
    """Grants to read all of a path, but for a secret folder below it, of which names alone can be seen."""
    if path == secret or path.is_relative_to(secret):
        return
    if not secret.is_relative_to(path):
        yield str(path), kernel.READ
        return
    yield str(path), kernel.LOOK
    for below in path.iterdir():
        yield from around(below, secret)


def may(uid: int, test: str, path: Path) -> bool:
    """Whether a user may read ("-r") or execute ("-x") a path: asked of the kernel, as that user."""
    return _run_as(uid, ["test", test, str(path)])


def _lay_out(launch: Launch, folder: Path, uid: int | None, bind: bool) -> Place:
    """Make the run's folder. bind: show the others in it, so that no folder above them need be open to everybody."""
    place = Place(
        folder / "scratch", folder / "library", launch.submission.folder.resolve(), launch.weights, launch.exchange, []
    )
    if uid is None:
        place.scratch.mkdir(mode=0o700)
    else:  # made by its owner: root may lack the capability to give a folder away
        folder.chmod(0o777)
        if not _run_as(uid, ["mkdir", "-m", "700", str(place.scratch)]):
            raise HarnessError(f"the process sandbox could not make {place.scratch} as user {uid}")
    folder.chmod(0o755)
    _make(place.library)
    for name in SHARED_PACKAGES:
        (place.library / name).symlink_to((PACKAGES / name).resolve())
    if not bind:
        return place
    shown = {"program": place.program, "exchange": place.exchange} | (
        {"weights": place.weights} if place.weights else {}
    )
    for name in shown:
        _make(folder / name)
    binds = [(str(source), str(folder / name)) for name, source in shown.items()]
    return place._replace(binds=binds, **{name: folder / name for name in shown})


def _make(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)  # whatever the umask says


def _clear(scratch: Path, uid: int | None) -> None:
    """Remove what the predictor left: as its owner, since root may lack the capability to look into it."""
    if uid is not None:
        _run_as(uid, ["find", str(scratch), "-mindepth", "1", "-delete"])
        with suppress(OSError):
            scratch.rmdir()


def _ask(command: list[str]) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise HarnessError(f"the process sandbox could not ask {command[0]}: {error}") from None


def _run_as(uid: int, command: list[str]) -> bool:
    return subprocess.run(command, user=uid, group=uid, extra_groups=[], check=False).returncode == 0
