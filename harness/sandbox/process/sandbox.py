"""The process sandbox: a predictor without a container engine, as another user if the harness is root.

Covered everywhere: no new privileges, no capabilities, no inherited descriptors, a scrubbed environment, a scratch
folder of its own; limits on the memory of all its processes together, on their number, on files and on time; every
descendant ends with the run, and with the harness. If the harness is root: another user, who can neither signal nor
inspect the harness.
Covered where root may make namespaces: a private root (`root.py`), in which no path of the set, the results or another
submission exists; no other process is visible; no network.
Covered where the kernel has Landlock (since 5.13): only the system's libraries, the interpreter, the submission, its
weights and the current pictures can be opened. Where it allows seccomp: no socket, no System V IPC, no message queue,
no key ring, no question about the page cache, no change of another process.
Not covered: faults of the kernel; a share of the processors; an overshoot of the memory and disk limits for half a
second. Without a private root, the existence, size and times of paths are visible, which show the order of steps; the
result then says that it was not isolated.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from harness.contract import shipped
from harness.contract.result import Isolation, SandboxName
from harness.contract.submission import Submission
from harness.errors import HarnessError, InfrastructureError
from harness.sandbox import evidence, lease, page_cache
from harness.sandbox.base import EXCHANGE, PAGE_CACHE, SHARED_KERNEL, WEIGHTS, Ending, Launch
from harness.sandbox.channel import STDERR, STDOUT, Channel
from harness.sandbox.evidence import ResourceUsage
from harness.sandbox.process import confine, folders
from harness.sandbox.process.confine import ConfinedProgram
from harness.sandbox.process.folders import Interpreter, PredictorFolders
from harness.sandbox.process.kernel import KernelFeatures
from harness.sandbox.weights import readable

CHUNK = 2**18  # bytes per read
FIRST_UID, UIDS = 61000, 4000  # a fresh user id per run, so that no run can touch the files of another
END_S = 2 * confine.END_S
GPUS_SHOWN = "CUDA_VISIBLE_DEVICES"


class Pipes:
    """The transport of a process's channel: its three pipes."""

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
        """Wait for output; None after the end of both pipes, or after `shut`."""
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
        """Write to the process's stdin before the deadline; 0 after it."""
        with selectors.DefaultSelector() as writable:
            writable.register(self._input, selectors.EVENT_WRITE)
            if not writable.select(max(0.0, deadline - time.monotonic())):
                return 0
        return os.write(self._input, content)

    def shut(self) -> None:
        """Make a waiting `read` return."""
        os.write(self._waker, b".")

    def close(self) -> None:
        """Release the selector and the wake-up pipe."""
        self._selector.close()
        os.close(self._wake)
        os.close(self._waker)


class ProcessPredictor:
    """One predictor as a process of this machine.

    Args:
        process: its supervisor (`confine.py`).
        faults: the pipe on which the supervisor tells of a fault of the machine, until the predictor starts.
        protected: the predictor is another user, who cannot signal the supervisor.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], faults: BinaryIO, launch: Launch, exchange: str, protected: bool
    ) -> None:
        self._process, self._faults, self._protected = process, faults, protected
        self.exchange = exchange
        self.channel = Channel(Pipes(process), launch.log, launch.limits.log_bytes)

    def ending(self) -> Ending:
        """Return exit code and cause, after waiting up to one second for the end."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return Ending(None)
        if told := self._faults.read():
            return Ending(code, outside=f"the process sandbox could not start: {told.decode(errors='replace')}")
        if code < 0 and self._protected:  # the predictor cannot have sent this signal
            return Ending(128 - code, outside=f"the predictor's supervisor was ended from outside, by signal {-code}")
        return Ending(code)

    def usage(self) -> ResourceUsage:
        """Return the usage of all processes below the supervisor, as /proc counts it."""
        return evidence.usage_of_tree(self._process.pid)


class ProcessSandbox:
    """Confined processes of this machine.

    Args:
        python: the interpreter to which `python` and `python3` in a submission's command refer; default: this one.
        forget: before each start, empty the page cache of all files that the predictor can read (`page_cache.py`).
    """

    name: SandboxName = "process"

    def __init__(self, python: Path | None = None, forget: bool = False) -> None:
        """Choose the predictor's user and ask the kernel which mechanisms it grants.

        Raises:
            HarnessError: this is not Linux, root may not become another user, or an interpreter cannot be run.
        """
        if sys.platform != "linux":
            raise HarnessError(f"the process sandbox needs Linux, this is {sys.platform}. Use --sandbox docker.")
        self.python, self.forget = python or Path(sys.executable), forget
        self.kernel = KernelFeatures(**json.loads(_output([sys.executable, "-I", "-S", confine.__file__, "probe"])))
        self._interpreter = Interpreter.at(self.python)
        self.uid = FIRST_UID + secrets.randbelow(UIDS) if os.geteuid() == 0 else None
        if self.uid and not folders.can_become(self.uid):
            raise HarnessError(
                "the process sandbox needs a root that may become another user. Grant the capabilities SETUID and "
                "SETGID, in a container by --cap-add SETUID --cap-add SETGID, or do not run it as root."
            )
        self.why_not = "" if self.uid else "the harness is not root, so the predictor runs as the same user"
        if self.uid and not self._has_private_root and not folders.may(self.uid, "-x", self.python):
            self.uid, self.why_not = None, f"another user could not execute {self.python}"

    def close(self) -> None:
        """Do nothing: this sandbox holds nothing between runs."""

    def describe(self) -> str:
        """Return the kernel mechanisms in use."""
        words = {"namespaces": "namespaces", "landlock": "Landlock", "seccomp": "seccomp"}
        granted = [word for part, word in words.items() if getattr(self.kernel, part)]
        return f"no engine; {', '.join(granted) or 'nothing of the kernel to hold a process'}"

    def prepare(self, submission: Submission) -> None:
        """Do nothing: the command runs in the submission's own folder, without an image."""

    def isolation(self, data: Path) -> Isolation:
        """Return the isolation here.

        Isolated means: no network, and no path of the set can be named. A private root guarantees it; where the kernel
        grants no namespaces, as in a container without SYS_ADMIN, a set in a folder that is closed to the predictor's
        user does.
        """
        covers = ["no new privileges", "no capabilities", "no inherited descriptors", "scrubbed environment"]
        covers += ["limits on memory, processes, files and time"]
        exposes: list[str] = []
        private, restricted = self._has_private_root, self._has_private_root or self.kernel.landlock
        holders = [] if restricted else shipped.ground_truth(data)
        readable = ", ".join(str(path) for path in holders if self.uid is None or folders.may(self.uid, "-r", path))
        network = not self.kernel.seccomp and not private
        closed = self.uid is not None and self.kernel.landlock and not folders.may(self.uid, "-e", data)
        for covered, words, otherwise in (
            (private, "a private root", f"which paths exist, and their sizes and times{self._why_no_root}"),
            (private or closed, "paths of the set", "paths of the set, their sizes and times"),
            (self.uid is not None, "another user", f"the harness's own user: {self.why_not}"),
            (restricted, "files but its own", "files that every user can read"),
            (not readable, "the answers", f"the answers: {readable} can be read"),
            (not network, "no network", "the network"),
            (private or self.kernel.seccomp, "no System V IPC, no message queues", "System V IPC and message queues"),
        ):
            (covers if covered else exposes).append(words if covered else otherwise)
        isolated = (private or closed) and not readable and not network
        if isolated:
            exposes += SHARED_KERNEL
            (covers if self.forget else exposes).append(PAGE_CACHE[self.forget])
        return Isolation(sandbox=self.name, isolated=isolated, covers=tuple(covers), exposes=tuple(exposes))

    @contextmanager
    def open(self, launch: Launch) -> Iterator[ProcessPredictor]:
        """Start a predictor, and end all its processes and remove its files at the end.

        Raises:
            InfrastructureError: the supervisor could not be started.
            InputError: the submission has changed since it was loaded, or its weights cannot be read.
        """
        with lease.folder("scratch", os.getpid()) as folder, ExitStack() as ending:  # which runs in reverse order
            another, by_path = self.uid is not None, not self._has_private_root
            weights = ending.enter_context(readable(launch.weights, another, by_path))
            launch = replace(launch, weights=weights)
            laid_out = folders.lay_out(launch, folder, self.uid)
            ending.callback(laid_out.clear, self.uid)
            if self.forget:
                page_cache.drop(folders.visible(launch, self._interpreter))
            faults, teller = os.pipe()
            told = ending.enter_context(os.fdopen(faults, "rb"))
            with os.fdopen(teller, "wb"):  # the supervisor alone keeps it
                process = self._start(launch, laid_out, folder, teller)
            ending.callback(self._end, process)
            exchange = EXCHANGE if self._has_private_root else str(laid_out.exchange)
            predictor = ProcessPredictor(process, told, launch, exchange, self.uid is not None)
            ending.callback(predictor.channel.close)
            yield predictor

    @property
    def _has_private_root(self) -> bool:
        """Whether the predictor has a root, processes, network and IPC of its own."""
        return self.uid is not None and self.kernel.namespaces

    @property
    def _why_no_root(self) -> str:
        """Why paths can be seen, where the user is not the reason."""
        return "" if self.uid is None else ": the kernel grants no namespaces here"

    def _start(self, launch: Launch, laid_out: PredictorFolders, folder: Path, teller: int) -> subprocess.Popen[bytes]:
        """Start the supervisor, which writes faults to the descriptor `teller`."""
        command = list(launch.submission.command)
        if command[0] in ("python", "python3"):
            command[0] = str(self.python)
        limits, private = launch.limits, None
        if self.uid is not None and self._has_private_root:
            (folder / "root").mkdir()
            private = folders.private_root(launch, laid_out, folder / "root", self._interpreter, self.uid)
        allowed = (
            folders.private_grants(launch.submission.resources.gpu)
            if private
            else folders.grants(launch, laid_out, self._interpreter)
        )
        confined = ConfinedProgram(
            command=command,
            folder=folders.SUBMISSION if private else str(laid_out.program),
            harness=os.getpid(),
            uid=self.uid,
            memory_bytes=limits.memory_bytes(launch.submission),
            processes=limits.processes,
            scratch=str(laid_out.scratch),
            scratch_mib=limits.scratch_mib,
            root=private,
            grants=allowed,
            landlock=self.kernel.landlock,
            seccomp=self.kernel.seccomp,
            faults=teller,
        )
        # Not a file on disk: it names folders of this machine, and may belong to a user whose files root cannot read.
        try:
            with os.fdopen(os.memfd_create("plan"), "w+b") as plan:
                plan.write(json.dumps(confined._asdict()).encode())
                plan.seek(0)
                return subprocess.Popen(
                    [sys.executable, "-I", "-S", confine.__file__, str(plan.fileno())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=self._environment(launch, laid_out),
                    start_new_session=True,
                    pass_fds=(plan.fileno(), teller),
                )
        except OSError as error:
            raise InfrastructureError(f"the process sandbox could not start: {error}") from None

    def _environment(self, launch: Launch, laid_out: PredictorFolders) -> Mapping[str, str]:
        weights, library, scratch = str(laid_out.weights), str(laid_out.library), str(laid_out.scratch)
        if self._has_private_root:
            weights, library, scratch = WEIGHTS, folders.LIBRARY, folders.SCRATCH
        environment = {
            **launch.environment(weights if laid_out.weights else None),
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": library,
            "HOME": scratch,
            "TMPDIR": scratch,
        }
        if launch.submission.resources.gpu and GPUS_SHOWN in os.environ:  # keep to the GPUs that a scheduler assigned
            environment[GPUS_SHOWN] = os.environ[GPUS_SHOWN]
        return environment

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Have the supervisor end everything; if it fails or is gone, kill from here."""
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
            folders.run_as(self.uid, ["sh", "-c", "kill -9 -1 2>/dev/null"])  # every process that this user may signal


def _output(command: list[str]) -> str:
    """Run a program and return its standard output."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise HarnessError(f"the process sandbox could not run {command[0]}: {error}") from None
