"""The process sandbox: a predictor without a container engine, as another user where the harness is root.

Covered, as root: another uid, which can read neither the answers nor the harness's memory; no new privileges, no
descriptors, a scrubbed environment, its own session and scratch folder; limits on memory, processes, files and time;
its own network and IPC namespaces where the kernel lets us make them.
Not covered: what the file system shows to everybody (other people's files included), and, where the harness is no root,
the answers themselves: then the result says that it was not isolated, and the board does not rank it.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.records import HarnessError
from harness.sandbox import confine
from harness.sandbox.base import Ending, Isolation, Launch
from harness.sandbox.channel import STDERR, STDOUT, Channel
from harness.submission import Submission

CHUNK = 2**16
FIRST_UID, UIDS = 61000, 4000  # a fresh uid a run, so that no run can touch what another left


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


class ProcessSession:
    """One predictor as a process of this machine."""

    def __init__(self, process: subprocess.Popen[bytes], launch: Launch) -> None:
        self._process = process
        self.exchange = str(launch.exchange)
        self.channel = Channel(Pipes(process), launch.log, launch.limits.log_bytes)

    def ending(self) -> Ending:
        try:
            return Ending(self._process.wait(timeout=1))
        except subprocess.TimeoutExpired:
            return Ending(None)


class ProcessSandbox:
    """python: the interpreter that `python` and `python3` mean in a submission's command."""

    name = "process"

    def __init__(self, python: Path | None = None) -> None:
        self.python = python or Path(sys.executable)
        self.uid = FIRST_UID + secrets.randbelow(UIDS) if os.geteuid() == 0 else None
        self.why_not = "" if self.uid else "the harness is not root, so the predictor runs as the same user"
        if self.uid and not may(self.uid, "-x", self.python):
            self.uid, self.why_not = None, f"another user could not execute {self.python}"

    def prepare(self, submission: Submission) -> str | None:
        """Nothing to build: the command runs in the submission's own folder."""
        return None

    def isolation(self, data: Path) -> Isolation:
        covers = ["no new privileges", "no inherited descriptors", "scrubbed environment", "limits on memory and time"]
        exposes = ["files that every user can read"]
        answers = data / "answers/answers.jsonl"
        isolated = self.uid is not None and not may(self.uid, "-r", answers)
        if self.uid is None:
            exposes += [f"the answers: {self.why_not}"]
        else:
            covers += ["another user"]
            exposes += [] if isolated else [f"the answers: {answers} can be read by every user"]
        if self.uid is not None and can_unshare():
            covers += ["no network", "own IPC"]
        else:
            exposes += ["the network"]
            isolated = False
        return Isolation(self.name, isolated, tuple(covers), tuple(exposes))

    @contextmanager
    def open(self, launch: Launch) -> Iterator[ProcessSession]:
        scratch = Path(tempfile.mkdtemp(prefix="wikiorder-scratch-"))
        if self.uid is not None:
            os.chown(scratch, self.uid, self.uid)
        process = self._start(launch, scratch)
        session = ProcessSession(process, launch)
        try:
            yield session
        finally:
            session.channel.close()
            self._sweep(process)
            shutil.rmtree(scratch, ignore_errors=True)

    def _start(self, launch: Launch, scratch: Path) -> subprocess.Popen[bytes]:
        command = list(launch.submission.command)
        if command[0] in ("python", "python3"):
            command[0] = str(self.python)
        order = confine.Order(command, self.uid, launch.limits.memory_bytes(launch.submission), launch.limits.processes)
        environment = {
            **launch.environment(str(launch.weights) if launch.weights else None),
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(Path(__file__).parents[2]),  # a submission may use harness.serve
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
        }
        try:
            return subprocess.Popen(
                [sys.executable, "-I", confine.__file__, json.dumps(order._asdict())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=launch.submission.folder,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise HarnessError(f"the process sandbox could not start: {error}") from None

    def _sweep(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the predictor's session, and whatever of its uid has left that session."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
        if self.uid is not None:
            _run_as(self.uid, ["sh", "-c", "kill -9 -1"])  # all that this user may signal: its own


def may(uid: int, test: str, path: Path) -> bool:
    """Whether a user may read ("-r") or execute ("-x") a path: asked of the kernel, as that user."""
    return _run_as(uid, ["test", test, str(path)])


def can_unshare() -> bool:
    """Whether a predictor's own network and IPC namespaces may be made here: tried in a child."""
    flags = confine.CLONE_NEWNET | confine.CLONE_NEWIPC
    attempt = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare({flags}) != 0)"
    return subprocess.run([sys.executable, "-I", "-c", attempt], check=False).returncode == 0


def _run_as(uid: int, command: list[str]) -> bool:
    return subprocess.run(command, user=uid, group=uid, extra_groups=[], check=False).returncode == 0
