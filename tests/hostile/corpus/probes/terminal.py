"""Types into a terminal of the harness (TIOCSTI), and takes it over."""

import fcntl
import os
import termios


def attempt():
    found = []
    for path in (0, 1, 2, "/dev/tty", "/dev/console", "/dev/pts/0", "/dev/tty1"):
        try:
            descriptor = path if isinstance(path, int) else os.open(path, os.O_RDWR | os.O_NOCTTY)
            fcntl.ioctl(descriptor, termios.TIOCSTI, b"x")
            found.append(path)
        except OSError:
            continue
    return found
