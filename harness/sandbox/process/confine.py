"""The process between the harness and a stranger's program: it starts the program confined, watches it, ends it all.

Standard library only, and run with `python -I`: nothing of the submission is imported, and the program is started only
after everything that can be given up is gone. Whichever of its descendants leaves its session, or loses its parent,
becomes a child of this process, and is counted and killed as the program itself. If the harness is killed, all here is.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[3]))  # `-I` leaves it out

from harness.sandbox.process import kernel

WATCH_S = 0.5  # how often memory and scratch are looked at; a program may overshoot its limits for that long
END_S = 10.0  # for killing what is left, a fork bomb too
MAX_OPEN_FILES = 4096
PAGE = resource.getpagesize()
SIGNALS = {signal.SIGCHLD, signal.SIGTERM}


class Order(NamedTuple):
    """What to start, and in which folder. uid: None keeps the user. binds: folders to be seen elsewhere, read-only.

    grants: paths and rights, for Landlock.
    """

    command: list[str]
    folder: str
    harness: int
    uid: int | None
    memory_bytes: int
    processes: int
    scratch: str
    scratch_mib: int
    shared_mib: int
    binds: list[tuple[str, str]]
    grants: list[tuple[str, int]]


def main(text: str) -> int:
    order = Order(**json.loads(text))
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    if os.getppid() != order.harness:  # killed already
        return 1
    in_memory = own_world(order)
    program = os.fork()
    if program == 0:
        become(order)
    say = os.dup(2)
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - Path.open gives no read-and-write of a device
        for standard in range(3):  # or the harness would wait for the end of pipes that we hold
            os.dup2(nothing.fileno(), standard)
    try:
        status = watch(order, program, say, in_memory)
    finally:
        sweep(order.uid)
    return status


def own_world(order: Order) -> bool:
    """Where root may: no network, no foreign IPC, and scratch and /dev/shm in memory. Whether scratch is bounded so."""
    if order.uid is None or not kernel.own_namespaces():
        return False
    for source, target in order.binds:
        if not kernel.mount_again(Path(source), Path(target)):
            sys.exit(fail(f"the kernel did not let us mount {source}"))
    kernel.mount_memory(Path("/dev/shm"), order.shared_mib, order.uid)  # noqa: S108 - its own, from here on
    return kernel.mount_memory(Path(order.scratch), order.scratch_mib, order.uid)


def become(order: Order) -> None:
    """Give up all there is to give up, and turn into the program."""
    os.setsid()
    limit(resource.RLIMIT_DATA, order.memory_bytes)  # not RLIMIT_AS: torch maps far more than it uses
    limit(resource.RLIMIT_FSIZE, order.scratch_mib * 2**20)
    limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_MSGQUEUE, 0)
    limit(resource.RLIMIT_NPROC, order.processes + (0 if order.uid is not None else tasks_of(os.getuid())))
    kernel.drop_capabilities()
    if not kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1):
        os._exit(fail("the kernel refused no-new-privileges"))
    own = (f"/proc/{os.getpid()}", kernel.READ)
    kernel.restrict_files([*[(path, rights) for path, rights in order.grants], own])
    if order.uid is not None:
        os.setgroups([])
        os.setresgid(order.uid, order.uid, order.uid)
        os.setresuid(order.uid, order.uid, order.uid)
    kernel.refuse_calls()
    os.umask(0o077)
    os.closerange(3, MAX_OPEN_FILES)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        os.chdir(order.folder)
    except OSError as error:
        os._exit(fail(f"cannot enter {order.folder}: {error.strerror}. Make it readable to every user."))
    try:
        os.execvpe(order.command[0], order.command, os.environ)  # noqa: S606 - no shell, on purpose
    except OSError as error:
        os._exit(fail(f"cannot start {order.command[0]!r}: {error.strerror}. Name a program that is installed."))


def watch(order: Order, program: int, say: int, in_memory: bool) -> int:
    """Wait for the program's end, or for the harness to say so, or for a limit to be passed. Its exit code."""
    while True:
        event = signal.sigtimedwait(SIGNALS, WATCH_S)
        if event is not None and event.si_signo == signal.SIGTERM:
            return 128 + signal.SIGTERM
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == program:
                    code = os.waitstatus_to_exitcode(ended[1])
                    return code if code >= 0 else 128 - code
        over = passed(order, in_memory) if event is None else ""
        if over:
            os.write(say, f"{over}: ended\n".encode())
            return 128 + signal.SIGKILL


def passed(order: Order, in_memory: bool) -> str:
    """Which limit the program and all its descendants have passed together, if any."""
    used = memory_of(descendants())
    if used > order.memory_bytes:
        return f"used {used / 2**20:.0f} MiB of memory, over {order.memory_bytes / 2**20:.0f}"
    if not in_memory and size_of(order.scratch) > order.scratch_mib * 2**20:
        return f"wrote over {order.scratch_mib} MiB of files"
    return ""


def descendants() -> dict[int, int]:
    """Resident bytes of each process below this one."""
    parents, resident = {}, {}
    for name in numbered("/proc"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = Path(f"/proc/{name}/stat").read_bytes().rpartition(b") ")[2].split()
            parents[name], resident[name] = int(fields[1]), int(fields[21]) * PAGE
    below = {os.getpid()}
    while more := {process for process, parent in parents.items() if parent in below and process not in below}:
        below |= more
    return {process: resident[process] for process in below - {os.getpid()}}


def memory_of(resident: dict[int, int]) -> int:
    """Bytes in memory, what processes share counted once: that takes long to find out, so only if it could matter."""
    return sum(resident.values()) if len(resident) < 2 else sum(map(proportional, resident.items()))


def proportional(process: tuple[int, int]) -> int:
    number, resident = process
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return resident
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), resident)


def size_of(folder: str) -> int:
    """Bytes of the files below, each counted as a block at least."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += max(4096, os.lstat(os.path.join(root, name)).st_blocks * 512)  # noqa: PTH118 - a million of them
    return total


def sweep(uid: int | None) -> None:
    """Kill every descendant, however it hid: the orphans among them are our children."""
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
    """In one stroke, so that nothing can fork away from it: every process that this user may signal."""
    killer = os.fork()
    if killer == 0:
        os.setresuid(uid, uid, uid)
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(killer, 0)


def limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (ceiling, ceiling))


def tasks_of(uid: int) -> int:
    """Threads that this user has now: the kernel counts them against the same limit."""
    total = 0
    for name in numbered("/proc"):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == uid:  # noqa: PTH116 - hundreds of them
                total += len(numbered(f"/proc/{name}/task"))
    return total


def numbered(folder: str) -> list[int]:
    return [int(name) for name in os.listdir(folder) if name.isdigit()]  # noqa: PTH208 - hundreds of them


def fail(words: str) -> int:
    os.write(2, f"{words}\n".encode())
    return 127


def probe() -> dict[str, bool]:
    """What the kernel grants here, tried in this process, which is good for nothing else afterwards."""
    found = {"namespaces": os.geteuid() == 0 and kernel.own_namespaces()}
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    found["files"] = kernel.restrict_files([])
    found["calls"] = kernel.refuse_calls()
    return found


if __name__ == "__main__":
    if sys.argv[1] == "probe":
        print(json.dumps(probe()))  # noqa: T201 - to the harness
    else:
        sys.exit(main(sys.argv[1]))
