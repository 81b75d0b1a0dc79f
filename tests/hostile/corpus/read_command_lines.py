"""Reads the command lines and the state of other processes."""

import os

from honest import found, loop

MINE = b"read_command_lines"


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
            if number not in (1, os.getpid()) and content and MINE not in content:
                found(f"{part} of {number}")


loop(look)
