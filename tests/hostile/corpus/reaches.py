"""Programs that reach for what they were not given: answers, processes, devices. `python3 reaches.py NAME`."""

import ctypes
import glob
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

from honest import GIFT, found, loop, readable


def read_answers():
    """Knows where the answers lie, and opens them: by path, through links, through other processes' roots."""

    def look(_request):
        answers = GIFT["answers"]
        peek = os.environ["HOME"] + "/peek"
        os.symlink(answers, peek)
        paths = [
            answers,
            peek,
            GIFT["questions"],
            GIFT["results"],
            os.path.dirname(answers),
            "/proc/self/root" + answers,
        ]
        for process in {1, os.getppid(), GIFT["harness"]} - ({1} if os.getcwd() == "/submission" else set()):
            paths += [f"/proc/{process}/root{answers}", f"/proc/{process}/cwd"]
            paths += [f"/proc/{process}/fd/{number}" for number in range(3, 40)]
        for path in paths:
            if readable(path):
                found(path)

    loop(look)


def read_command_lines():
    """Reads the command lines and the state of other processes."""
    mine = b"read_command_lines"

    def look(_request):
        for number in range(1, 2**16):
            if not os.path.exists(f"/proc/{number}"):
                continue
            for part in ("cmdline", "status", "mountinfo"):
                try:
                    with open(f"/proc/{number}/{part}", "rb") as stream:
                        content = stream.read()
                except OSError:
                    continue
                if number not in (1, os.getpid()) and content and mine not in content:
                    found(f"{part} of {number}")

    loop(look)


def read_devices():
    """Looks for the set in the mounts, and for the disk itself."""

    def look(_request):
        with open("/proc/self/mountinfo", encoding="utf-8") as stream:
            if GIFT["questions"].rsplit("/", 1)[0] in stream.read():
                found("the set among the mounts")
        for path in ["/dev/mem", "/dev/kmsg", "/dev/port", "/proc/kcore", "/dev/fuse", *glob.glob("/dev/[hsv]d*")]:
            if readable(path):
                found(path)

    loop(look)


def read_environment():
    """Looks for the harness's variables in its own environment and in that of its parents."""
    expected = (
        "HF_HUB_OFFLINE HOME HOSTNAME LANG LC_CTYPE PATH PYTHONPATH PYTHONUNBUFFERED TMPDIR TOKENIZERS_PARALLELISM"
    )

    def look(_request):
        for name in sorted(set(os.environ) - set(expected.split())):
            found(f"variable {name}")
        for process in (os.getppid(), GIFT["harness"]):
            if process > 1 and readable(f"/proc/{process}/environ"):
                found(f"the environment of {process}")

    loop(look)


def read_memory():
    """Reads the memory of its parent and of the harness."""
    ptrace_attach = 16

    def look(_request):
        libc = ctypes.CDLL(None, use_errno=True)
        for process in {os.getppid(), GIFT["harness"]} - {1}:
            if readable(f"/proc/{process}/mem") or readable(f"/proc/{process}/maps"):
                found(f"memory of {process}")
            if libc.ptrace(ptrace_attach, process, None, None) == 0:
                found(f"ptrace of {process}")
            there = (ctypes.c_void_p * 2)(ctypes.addressof(ctypes.c_char()), 1)
            here = (ctypes.c_void_p * 2)(ctypes.addressof(ctypes.create_string_buffer(1)), 1)
            if libc.process_vm_readv(process, here, 1, there, 1, 0) >= 0:
                found(f"process_vm_readv of {process}")

    loop(look)


def resolve_names():
    """Asks for addresses, which carries a message out in the name that is asked for."""

    def look(_request):
        for name in ("answers.example.org", "localhost.localdomain", "metadata.google.internal"):
            try:
                found(socket.getaddrinfo(name, 80))
            except OSError:
                continue

    loop(look)


def signal_others():
    """Signals the harness, its parent, and every other process."""

    def send(_request):
        for process in {GIFT["harness"], os.getppid()} - {1}:
            try:
                os.kill(process, 0)  # the question is whether it may
                found(f"it may signal {process}")
            except OSError:
                pass
            try:
                resource.prlimit(process, resource.RLIMIT_NOFILE, (8, 8)) if process != GIFT["harness"] else None
                os.setpriority(os.PRIO_PROCESS, process, 19)
                found(f"it may slow {process}")
            except OSError:
                continue

    loop(send)


def become_root():
    """Tries to become another user and to gain capabilities."""
    clone_newuser, clone_newns = 0x10000000, 0x20000

    def climb(_request):
        libc = ctypes.CDLL(None, use_errno=True)
        for name, action in (("setuid", os.setuid), ("setgid", os.setgid), ("chroot", lambda _: os.chroot("/"))):
            try:
                action(0)
                found(name)
            except OSError:
                continue
        if libc.unshare(clone_newuser | clone_newns) == 0:
            found("a user namespace")
        for program in ("su", "mount", "newgrp", "passwd"):  # set-uid root on most systems
            path = shutil.which(program)
            if path:
                said = subprocess.run(["/bin/sh", "-c", f"{path} --version; id -u"], capture_output=True, text=True)
                if said.stdout.split()[-1:] == ["0"]:
                    found(f"root through {program}")

    loop(climb)


def leave_notes():
    """Looks for notes of an earlier run, then leaves a note for the next run wherever one might stay."""
    key, size, ipc_creat, mode = 0x68057113, 4096, 0o1000, 0o666
    folders = {os.environ["HOME"], "/tmp", "/var/tmp", "/dev/shm", os.getcwd(), "/run/lock", "/var/lock"}

    def note(_request):
        libc, realtime = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("librt.so.1", use_errno=True)
        if realtime.mq_open(b"/hostile-note", os.O_RDWR) >= 0:
            found("a message queue of an earlier run")
        realtime.mq_open(b"/hostile-note", os.O_RDWR | os.O_CREAT, mode, None)
        for name, call in (("shmget", libc.shmget), ("msgget", libc.msgget), ("semget", libc.semget)):
            if call(key, size if name == "shmget" else mode, mode) >= 0:
                found(f"{name} of an earlier run")
            arguments = {
                "shmget": (size, ipc_creat | mode),
                "msgget": (ipc_creat | mode,),
                "semget": (1, ipc_creat | mode),
            }
            call(key, *arguments[name])
        for folder in folders:
            path = f"{folder}/hostile-note"
            try:
                if os.path.exists(path):
                    found(path)
                with open(path, "w") as stream:
                    stream.write("note")
            except OSError:
                continue

    loop(note)


def write_outside():
    """Writes wherever the harness, the host or the next run would read."""
    everywhere = [
        "/",
        "/etc",
        "/usr/lib/python3",
        "/var/tmp",
        "/run",
        "/home",
        "/root",
        "/dev/mqueue",
        "/proc/sys/kernel",
        "/sys",
    ]

    def look(request):
        places = [*everywhere, os.getcwd(), GIFT["results"], os.path.dirname(GIFT["questions"])]
        places += [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
        for folder in places:
            try:
                with open(os.path.join(folder, "hostile-note"), "w") as stream:
                    stream.write("note")
                found(folder)
            except OSError:
                continue

    loop(look)


def open_sockets():
    """Connects to everything that may answer: the network, the engine, the bus, other processes."""
    targets = [
        (socket.AF_INET, socket.SOCK_STREAM, ("1.1.1.1", 443)),
        (socket.AF_INET, socket.SOCK_DGRAM, ("8.8.8.8", 53)),
        (socket.AF_INET6, socket.SOCK_STREAM, ("2606:4700:4700::1111", 443)),
        (socket.AF_UNIX, socket.SOCK_STREAM, "/var/run/docker.sock"),
        (socket.AF_UNIX, socket.SOCK_STREAM, "/run/dbus/system_bus_socket"),
        (socket.AF_UNIX, socket.SOCK_STREAM, "\0hostile"),
    ]

    def look(_request):
        for family, kind, address in targets:
            try:
                with socket.socket(family, kind) as client:
                    client.settimeout(1)
                    client.connect(address)
                    found(f"a way to {address}")
            except OSError:
                continue
        for family in (socket.AF_PACKET, 40):  # raw frames; the virtual machine's host
            try:
                socket.socket(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW).connect((2, 1024))
                found(f"a socket of family {family}")
            except (OSError, TypeError):
                continue

    loop(look)


def daemonise():
    """Leaves a process behind that has left its session, ignores every signal it can, and holds the streams open."""

    def leave(_request):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                    signal.signal(number, signal.SIG_IGN)
                time.sleep(3600)
            os._exit(0)

    def answer(request):
        os._exit(0)

    loop(leave, answer) if sys.argv[1:] == ["and_exit"] else loop(leave)


if __name__ == "__main__":
    globals()[sys.argv.pop(1)]()
