"""Looks for notes of an earlier run, then leaves a note for the next run wherever one might stay."""

import ctypes
import os

from honest import found, loop

KEY, SIZE, IPC_CREAT, MODE = 0x68057113, 4096, 0o1000, 0o666
FOLDERS = {os.environ["HOME"], "/tmp", "/var/tmp", "/dev/shm", os.getcwd(), "/run/lock", "/var/lock"}


def note(_request):
    libc, realtime = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("librt.so.1", use_errno=True)
    if realtime.mq_open(b"/hostile-note", os.O_RDWR) >= 0:
        found("a message queue of an earlier run")
    realtime.mq_open(b"/hostile-note", os.O_RDWR | os.O_CREAT, MODE, None)
    for name, call in (("shmget", libc.shmget), ("msgget", libc.msgget), ("semget", libc.semget)):
        if call(KEY, SIZE if name == "shmget" else MODE, MODE) >= 0:
            found(f"{name} of an earlier run")
        arguments = {"shmget": (SIZE, IPC_CREAT | MODE), "msgget": (IPC_CREAT | MODE,), "semget": (1, IPC_CREAT | MODE)}
        call(KEY, *arguments[name])
    for folder in FOLDERS:
        path = f"{folder}/hostile-note"
        try:
            if os.path.exists(path):
                found(path)
            with open(path, "w") as stream:
                stream.write("note")
        except OSError:
            continue


loop(note)
