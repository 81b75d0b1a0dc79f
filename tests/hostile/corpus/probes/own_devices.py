"""Makes a device file for the disk of the machine, and a program with another user's rights."""

import os
import stat


def attempt():
    found = []
    for major, minor in ((254, 0), (8, 0), (259, 0), (1, 1)):
        try:
            os.mknod("/tmp/disk", stat.S_IFBLK | 0o600, os.makedev(major, minor))
            os.close(os.open("/tmp/disk", os.O_RDONLY))
            found.append((major, minor))
        except OSError:
            continue
    return found
