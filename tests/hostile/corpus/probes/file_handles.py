"""Opens files of the whole disk by number (open_by_handle_at)."""

import os
import struct

from probes.calls import call


def attempt():
    mount = os.open("/", os.O_RDONLY)
    for inode in range(2, 400):
        handle = struct.pack("IiII", 8, 1, inode, 0)
        if call(304, mount, handle, 0) >= 0:
            return inode
    return None
