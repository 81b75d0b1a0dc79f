"""The supervisor process between the harness and a predictor: starts it confined, watches its limits, ends it.

Covered: the predictor starts only after every right that can be removed is removed; every descendant is counted and
killed like the predictor itself, also one that leaves its session or loses its parent; if the harness is killed, this
process and all its descendants end too. With namespaces there are three processes: this supervisor, which sees the
machine; the first process of the predictor's namespaces, whose end makes the kernel kill all others in them; and the
predictor.
Not covered: memory and disk may exceed their limits for up to WATCH_S, until the next check.

Standard library only, and run with `python -I -S`, so nothing of the submission is imported here.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[3]))  # `-I` leaves it out

from harness.sandbox.process import kernel, tree
from harness.sandbox.process.root import DEVICES, PrivateRoot, enter

WATCH_S = 0.5  # seconds between two checks of memory and scratch
END_S = 10.0  # for killing all descendants, a fork bomb included
MAX_OPEN_FILES = 4096
MIB = 2**20
PAGE = resource.getpagesize()
SIGNALS = {signal.SIGCHLD, signal.SIGTERM}
EXIT_CANNOT_START = 127  # the shell's convention


class ConfinedProgram(NamedTuple):
    """A program to start and its limits, as passed to this process in JSON.

    folder: working directory. harness: process id of the harness. uid: user to become; None keeps the current user.
    scratch: its own folder for files, watched for its size unless there is a private root. root: None where the kernel
    grants no namespaces. grants: (path, rights) for Landlock. landlock, seccomp: whether the kernel grants them.
    faults: descriptor of a pipe on which a fault of the machine is told, closed before the program starts.
    """

    command: list[str]
    folder: str
    harness: int
    uid: int | None
    memory_bytes: int
    processes: int
    scratch: str
    scratch_mib: int
    root: PrivateRoot | None
    grants: list[tuple[str, int]]
    landlock: bool
    seccomp: bool
    faults: int

    @classmethod
    def read(cls, descriptor: int) -> ConfinedProgram:
        """Read what the harness has written, and close the descriptor, so that no process started later holds it."""
        with os.fdopen(descriptor, encoding="utf-8") as plan:
            confined = cls(**json.load(plan))
        return confined._replace(root=PrivateRoot(*confined.root) if confined.root else None)


def main(plan: int) -> int:
    """Run the program described in descriptor `plan` to its end and return its exit code."""
    confined = ConfinedProgram.read(plan)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    if os.getppid() != confined.harness:  # the harness has been killed already
        return 1
    if confined.root and not kernel.unshare_namespaces():
        return fault(confined, "the kernel did not grant the namespaces that it granted before")
    program = os.fork()
    if program == 0:
        os._exit(start(confined))
    os.close(confined.faults)
    log = os.dup(2)
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - Path.open offers no read-and-write of a device
        for standard in range(3):  # else the harness would wait for the end of pipes that this process holds
            os.dup2(nothing.fileno(), standard)
    try:
        status = watch(confined, program, log)
    finally:
        if confined.root:  # with the first process, the kernel kills every other one of its namespace
            kill_and_wait(program)
        else:
            kill_descendants(confined.uid)
    return status


def start(confined: ConfinedProgram) -> int:
    """Start the program, below a first process if there is a private root. Return its exit code."""
    try:
        return be_first(confined, confined.root) if confined.root else execute(confined)
    except (OSError, ValueError) as error:  # a resource limit that cannot be set is a ValueError
        return fault(confined, str(error))


def be_first(confined: ConfinedProgram, private: PrivateRoot) -> int:
    """As first process of the namespaces: enter the private root, start the program, return its exit code.

    Orphans of the namespace become children of this process.
    """
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if not kernel.unshare_mounts():
        return fault(confined, "the kernel did not grant a mount namespace")
    refused = enter(private, os.getuid() if confined.uid is None else confined.uid)
    if refused:
        return fault(confined, f"the kernel did not let us mount {refused}")
    program = os.fork()
    if program == 0:
        os._exit(execute(confined))
    for descriptor in (*range(3), confined.faults):
        os.close(descriptor)
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == program:
            return exit_code(status)


def exit_code(status: int) -> int:
    """Return the exit code of a wait status as shells give it: 128 + n after signal n."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def execute(confined: ConfinedProgram) -> int:
    """Remove every right that can be removed, then replace this process by the program. Returns only on failure."""
    os.setsid()
    set_limits(confined)
    kernel.drop_capabilities()
    if not kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1):
        return fault(confined, "the kernel refused no-new-privileges")
    own = (f"/proc/{os.getpid()}", kernel.READ)
    if not kernel.restrict_files([*confined.grants, own]) and confined.landlock:
        return fault(confined, "the kernel refused Landlock, which it granted before")
    if confined.uid is not None:
        os.setgroups([])
        os.setresgid(confined.uid, confined.uid, confined.uid)
        os.setresuid(confined.uid, confined.uid, confined.uid)
    if not kernel.filter_system_calls() and confined.seccomp:
        return fault(confined, "the kernel refused the filter of system calls, which it granted before")
    os.umask(0o077)
    os.closerange(3, MAX_OPEN_FILES)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        os.chdir(confined.folder)
    except OSError as error:
        return report(f"cannot enter {confined.folder}: {error.strerror}. Make it readable to every user.")
    try:
        os.execvpe(confined.command[0], confined.command, os.environ)  # noqa: S606 - no shell, on purpose
    except OSError as error:
        name = confined.command[0]
        return report(f"cannot start {name!r}: {error.strerror}. Name a program that is installed.")


def set_limits(confined: ConfinedProgram) -> None:
    """Set the resource limits of this process and its children."""
    threads_now = count_threads(os.getuid()) if confined.uid is None else 0  # the kernel counts all of one user
    limit(resource.RLIMIT_DATA, confined.memory_bytes)  # not RLIMIT_AS: torch maps far more than it uses
    limit(resource.RLIMIT_FSIZE, confined.scratch_mib * MIB)
    limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_MSGQUEUE, 0)
    limit(resource.RLIMIT_NPROC, confined.processes + threads_now)


def limit(kind: int, value: int) -> None:
    """Set one resource limit, soft and hard, or keep the current hard limit if it is lower."""
    _, hard = resource.getrlimit(kind)
    ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (ceiling, ceiling))


def watch(confined: ConfinedProgram, program: int, log: int) -> int:
    """Wait until the program ends, the harness sends SIGTERM, or a limit is exceeded. Return the exit code.

    Args:
        program: process id of the program, or of the first process of its namespaces.
        log: descriptor that receives the reason if a limit is exceeded.
    """
    while True:
        event = signal.sigtimedwait(SIGNALS, WATCH_S)
        if event is not None and event.si_signo == signal.SIGTERM:
            return 128 + signal.SIGTERM
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == program:
                    return exit_code(ended[1])
        exceeded = exceeded_limit(confined) if event is None else ""
        if exceeded:
            os.write(log, f"{exceeded}: ended\n".encode())
            return 128 + signal.SIGKILL


def exceeded_limit(confined: ConfinedProgram) -> str:
    """Return which limit the program and its descendants have exceeded together; "" for none."""
    used = memory_of(descendants())
    if used > confined.memory_bytes:
        return f"used {used / MIB:.0f} MiB of memory, over {confined.memory_bytes / MIB:.0f}"
    if confined.root is None and size_of(confined.scratch) > confined.scratch_mib * MIB:
        return f"wrote over {confined.scratch_mib} MiB of files"
    return ""


def descendants() -> dict[int, int]:
    """Return {process id: resident bytes} of every process below this one."""
    parents, resident = {}, {}
    for number in numeric_names("/proc"):
        with contextlib.suppress(OSError):  # the process has ended meanwhile
            fields = Path(f"/proc/{number}/stat").read_bytes().rpartition(b") ")[2].split()
            parents[number], resident[number] = int(fields[1]), int(fields[21]) * PAGE
    return {process: resident[process] for process in tree.below(os.getpid(), parents)}


def memory_of(resident: dict[int, int]) -> int:
    """Return the bytes used by processes together, with shared pages counted once.

    Proportional sizes are slow to read, so one process alone is counted by its resident size.
    """
    return sum(resident.values()) if len(resident) < 2 else sum(map(proportional_size, resident.items()))


def proportional_size(process: tuple[int, int]) -> int:
    """Return the proportional set size in bytes of (process id, resident bytes); the latter if it is unreadable."""
    number, resident = process
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return resident
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), resident)


def size_of(folder: str) -> int:
    """Return the bytes of the files below a folder; each counts as one block of 4 KiB at least."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += max(4096, os.lstat(os.path.join(root, name)).st_blocks * 512)  # noqa: PTH118 - up to a million
    return total


def kill_and_wait(program: int) -> None:
    """Kill the first process of the namespaces, which ends only after all others in them have ended."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(program, signal.SIGKILL)
        os.waitpid(program, 0)


def kill_descendants(uid: int | None) -> None:
    """Kill every descendant; orphans among them are children of this process (subreaper)."""
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        if uid is not None:
            kill_all_of(uid)
        for process in descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def kill_all_of(uid: int) -> None:
    """Kill every process that this user may signal, in one system call, so that none can escape by forking."""
    killer = os.fork()
    if killer == 0:
        os.setresuid(uid, uid, uid)
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(killer, 0)


def count_threads(uid: int) -> int:
    """Return the number of threads of this user now, which the kernel counts towards RLIMIT_NPROC."""
    total = 0
    for number in numeric_names("/proc"):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{number}").st_uid == uid:  # noqa: PTH116 - hundreds of them
                total += len(numeric_names(f"/proc/{number}/task"))
    return total


def numeric_names(folder: str) -> list[int]:
    """Return the names in a folder of /proc that are numbers: ids of processes or threads."""
    return [int(name) for name in os.listdir(folder) if name.isdigit()]  # noqa: PTH208 - hundreds of them


def report(words: str) -> int:
    """Write to stderr why the submission cannot be started, and return the exit code for it."""
    os.write(2, f"{words}\n".encode())
    return EXIT_CANNOT_START


def fault(confined: ConfinedProgram, words: str) -> int:
    """Tell the harness of a fault of the machine, as no submission can, and return the exit code for it."""
    os.write(confined.faults, words.encode())
    return EXIT_CANNOT_START


def probe() -> kernel.KernelFeatures:
    """Try each mechanism in children of this process, which is of no further use afterwards."""
    namespaces = False
    if os.geteuid() == 0 and kernel.unshare_namespaces():
        with tempfile.TemporaryDirectory() as folder:
            private = PrivateRoot(folder, [], [], [], [*DEVICES], [], MIB, 1, 1)
            namespaces = succeeds(lambda: kernel.unshare_mounts() and not enter(private, os.getuid()))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    return kernel.KernelFeatures(namespaces, kernel.restrict_files([]), kernel.filter_system_calls())


def succeeds(action: Callable[[], bool]) -> bool:
    """Return the result of an action in a child process, of which nothing remains here."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError):
            os._exit(0 if action() else 1)
        os._exit(1)
    return os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    if sys.argv[1] == "probe":
        print(json.dumps(probe()._asdict()))  # noqa: T201 - read by the harness
    else:
        sys.exit(main(int(sys.argv[1])))
