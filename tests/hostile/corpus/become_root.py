"""Tries to become another user and to gain capabilities."""

import ctypes
import os
import shutil
import subprocess

from honest import found, loop

CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x20000


def climb(_request):
    libc = ctypes.CDLL(None, use_errno=True)
    for name, action in (("setuid", os.setuid), ("setgid", os.setgid), ("chroot", lambda _: os.chroot("/"))):
        try:
            action(0)
            found(name)
        except OSError:
            continue
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0:
        found("a user namespace")
    for program in ("su", "mount", "newgrp", "passwd"):  # set-uid root on most systems
        path = shutil.which(program)
        if path:
            said = subprocess.run(["/bin/sh", "-c", f"{path} --version; id -u"], capture_output=True, text=True)
            if said.stdout.split()[-1:] == ["0"]:
                found(f"root through {program}")


loop(climb)
