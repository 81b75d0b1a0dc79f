"""Asks the kernel about paths of the set, the results and another submission, by every system call that takes a path.

The numbers of x86_64 are called directly, so no library stands between. Any answer but "no such file" and "not
permitted to call this" shows that the kernel has resolved the path, unless an absent name beside it gets the same
answer: in a read-only folder some calls fail before the name is looked up.

Calls that change anything (mount, chroot, rename ...) are made only by a process that is confined: as root of a machine
they would succeed and damage it.
"""

import ctypes
import errno
import os
import platform

from honest import GIFT, found, loop

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, ROOM = ctypes.c_long(-100), ctypes.create_string_buffer(4096)
HERE, ZERO = b"/tmp/hostile-link", ctypes.c_long(0)


def confined():
    """Whether this process is another user than root, without any capability, for good."""
    with open("/proc/self/status") as stream:
        status = stream.read()
    return os.getuid() != 0 and "NoNewPrivs:\t0" not in status and "CapBnd:\t0000000000000000" in status


def questions(path):
    """Return {name: (number, arguments)} of calls that change nothing. None is a null pointer."""
    at = (AT_FDCWD, path)
    how = ctypes.create_string_buffer(24)
    handle = ctypes.create_string_buffer(b"\x80\0\0\0", 256)
    return {
        "open": (2, path, os.O_RDONLY),
        "open for its path": (2, path, os.O_PATH),
        "openat": (257, *at, os.O_RDONLY),
        "openat2": (437, *at, how, 24),
        "stat": (4, path, ROOM),
        "lstat": (6, path, ROOM),
        "newfstatat": (262, *at, ROOM, 0),
        "statx": (332, *at, 0, 0xFFF, ROOM),
        "access": (21, path, 0),
        "faccessat": (269, *at, 0),
        "faccessat2": (439, *at, 0, 0),
        "readlink": (89, path, ROOM, 4096),
        "readlinkat": (267, *at, ROOM, 4096),
        "statfs": (137, path, ROOM),
        "getxattr": (191, path, b"user.x", ROOM, 100),
        "lgetxattr": (192, path, b"user.x", ROOM, 100),
        "listxattr": (194, path, ROOM, 100),
        "name_to_handle_at": (303, *at, handle, ROOM, 0),
        "inotify_add_watch": (254, libc.syscall(253), path, 0xFFF),
    }


def changes(path):
    """Return {name: (number, arguments)} of calls that change something if they succeed."""
    at, bind = (AT_FDCWD, path), ctypes.c_long(0x1000)
    pointers = (ctypes.c_char_p * 2)(path, None)
    new = path + b"/new"
    return {
        "open to write": (2, path, os.O_WRONLY),
        "creat": (85, new, 0o600),
        "chdir": (80, path),
        "setxattr": (188, path, b"user.x", ROOM, 1, 0),
        "removexattr": (197, path, b"user.x"),
        "fanotify_mark": (301, libc.syscall(300, 0, 0), 1, 0x20, AT_FDCWD, path),
        "truncate": (76, path, 0),
        "utime": (132, path, None),
        "utimes": (235, path, None),
        "utimensat": (280, *at, None, 0),
        "futimesat": (261, *at, None),
        "chmod": (90, path, 0o777),
        "fchmodat": (268, *at, 0o777),
        "chown": (92, path, os.getuid(), os.getgid()),
        "fchownat": (260, *at, os.getuid(), os.getgid(), 0),
        "rename": (82, path, HERE),
        "rename to": (82, HERE, new),
        "renameat2": (316, *at, AT_FDCWD, HERE, 0),
        "link": (86, path, HERE),
        "linkat": (265, *at, AT_FDCWD, HERE, 0),
        "symlink": (88, HERE, new),
        "unlink": (87, new + b"/one"),
        "rmdir": (84, path),
        "mkdir": (83, new + b"/one", 0o700),
        "mknod": (133, new + b"/one", 0o010600, 0),
        "execve": (59, path, pointers, None),
        "execveat": (322, *at, pointers, None, 0),
        "mount": (165, path, b"/tmp", None, bind, None),
        "umount2": (166, path, 0),
        "chroot": (161, path),
        "pivot_root": (155, path, path),
        "open_tree": (428, *at, 0),
        "move_mount": (429, *at, AT_FDCWD, b"/tmp", 0),
        "swapon": (167, path, 0),
        "acct": (163, path),
        "quotactl": (179, 0x80000100, path, 0, ROOM),
        "connect": (42, libc.socket(1, 1, 0), b"\x01\x00" + path[:100] + b"\0", 3 + len(path[:100])),
    }


CONFINED = confined()
NOTHING = {errno.ENOENT, errno.EPERM, errno.ENOSYS, errno.EBADF}  # EBADF: no descriptor for the call was granted


if platform.version() == "#1 SMP Sun Jan 10 15:06:54 PST 2016":  # gVisor, which lacks some calls and says so
    NOTHING.add(errno.ENOTSUP)


def call(number, arguments):
    ctypes.set_errno(0)
    return libc.syscall(ctypes.c_long(number), *arguments), ctypes.get_errno()


def calls(path):
    return (questions(path) | (changes(path) if CONFINED else {})).items()


def ask(path):
    absent = os.path.join(os.path.dirname(path), b"surely-not-here")
    unknown = {name: call(number, arguments)[1] for name, (number, *arguments) in calls(absent)}
    for name, (number, *arguments) in calls(path):
        result, error = call(number, arguments)
        if result >= 0 or error not in NOTHING | {unknown.get(name)}:
            found(f"{name} of {path}: {result}, {errno.errorcode.get(error)}")


def look(_request):
    if platform.machine() != "x86_64":
        return
    with open("gift.json", "rb"):
        pass  # a path that exists is told apart: the tests of the harness rely on it
    for path in GIFT["paths"]:
        ask(os.fsencode(path))
        for through in ("/proc/self/root", "/proc/self/cwd/..", "/proc/thread-self/root", "/exchange/.."):
            ask(os.fsencode(through + path))


if __name__ == "__main__":
    loop(look)
