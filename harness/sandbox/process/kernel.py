"""Linux mechanisms that confine a process: namespaces, seccomp, Landlock. Standard library only, through ctypes.

Covered: each mechanism only removes rights, for this process and all its later children, until they end. A function
returns whether the kernel agreed; if it did not, the sandbox records that in the result.
Not covered: other operating systems; seccomp on machines other than x86_64 and aarch64; Landlock before Linux 5.13.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
CLONE_NEW_ANY = 0x7E020080  # all namespaces; a user namespace would grant the capabilities that we drop
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_NOATIME = 0x1, 0x2, 0x4, 0x8, 0x20, 0x400
MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 0x1000, 0x2000, 0x4000, 0x40000
MNT_DETACH = 2
FILES_PER_MIB = 256  # limit on files in scratch memory: one per page of 4 KiB
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 22, 24, 36, 38
CAPABILITIES = 64  # more than exist; dropping one that does not exist fails without harm

# name: (x86_64, aarch64). Sockets reach the network and other processes; System V IPC, message queues and keyrings can
# pass data to the next run; io_uring opens sockets past this filter; a memfd is memory that no count over processes
# finds. From mincore to preadv2: they ask for or change the page cache, which outlives a run. The others read or change
# other processes, change mounts, or enlarge the attack surface of the kernel.
DENIED = {
    "socket": (41, 198),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "mincore": (27, 232),
    "cachestat": (451, 451),
    "readahead": (187, 213),
    "fadvise64": (221, 223),
    "preadv2": (327, 286),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "fanotify_init": (300, 262),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "quotactl": (179, 60),
    "syslog": (103, 116),
}
# name: (numbers, index of the argument that names a process). 0 is the caller itself; another number may be the
# harness, whose limits and priority the same user could change.
SELF_ONLY = {
    "prlimit64": ((302, 261), 0),
    "sched_setaffinity": ((203, 122), 0),
    "sched_setscheduler": ((144, 119), 0),
    "sched_setparam": ((142, 118), 0),
    "sched_setattr": ((314, 274), 0),
    "setpriority": ((141, 140), 1),
    "ioprio_set": ((251, 30), 1),
}
CLONE, CLONE3 = (56, 220), (435, 435)
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column of DENIED, AUDIT_ARCH
X32 = 0x40000000  # a second numbering on x86_64, which would bypass the first

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
LIST, READ, USE_DEVICE = READ_DIR, EXECUTE | READ_FILE | READ_DIR, READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
READ_AND_WRITE = READ | (1 << 15) - 1  # everything except ioctl on devices
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # Landlock refuses the others for a file
FILE_RIGHTS_SINCE = {1: 13, 2: 14, 3: 15, 5: 16}  # version of Landlock: number of rights on files that it knows
ALL_TCP, ALL_SCOPES = 3, 3  # bind and connect; abstract sockets and signals
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same number on every architecture
PATH_BENEATH, VERSION_FLAG = 1, 1


class KernelFeatures(NamedTuple):
    """The mechanisms that the kernel grants here."""

    namespaces: bool
    landlock: bool
    seccomp: bool


def prctl(option: int, value: int = 0) -> bool:
    """Set one attribute of this process (`man 2 prctl`)."""
    return bool(LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0)


def drop_capabilities() -> None:
    """Remove every capability from all programs started from here, even by root."""
    for number in range(CAPABILITIES):
        prctl(PR_CAPBSET_DROP, number)


def unshare_namespaces() -> bool:
    """Give this process and its children fresh namespaces, and its next child the first process id. Needs root."""
    flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    if LIBC.unshare(flags) != 0:
        return False
    LIBC.unshare(CLONE_NEWCGROUP)  # hides the names of control groups; missing in some kernels, and not needed
    return True


def unshare_mounts() -> bool:
    """Give this process mounts of its own, which no other process sees."""
    return LIBC.unshare(CLONE_NEWNS) == 0 and mount(None, "/", None, MS_REC | MS_PRIVATE)


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> bool:
    """Mount (`man 2 mount`), and return whether the kernel agreed."""
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, options)]
    return bool(LIBC.mount(*words[:3], ctypes.c_ulong(flags), words[3]) == 0)


def mount_tmpfs(folder: str, mib: int, uid: int) -> bool:
    """Mount an empty tmpfs over `folder`, in this mount namespace alone: `mib` MiB, owner `uid`."""
    options = f"size={mib}m,nr_inodes={mib * FILES_PER_MIB},mode=700,uid={uid},gid={uid}"
    return mount("none", folder, "tmpfs", MS_NOSUID | MS_NODEV, options)


def bind_read_only(source: str, target: str) -> bool:
    """Mount a file or folder at a second path, read-only there and without access times."""
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOATIME
    return mount(source, target, None, MS_BIND) and mount(None, target, None, MS_BIND | MS_REMOUNT | flags)


def change_root(folder: str) -> bool:
    """Make a mount the root of this mount namespace, and let go of the old root.

    Where pivot_root is refused, as in a container with Docker's filter of system calls, the mount is moved over the old
    root instead. Leaving that needs the capability SYS_CHROOT, which no predictor has.
    """
    os.chdir(folder)
    number = PIVOT_ROOT.get(platform.machine())
    if number and LIBC.syscall(number, b".", b".") == 0:
        done = LIBC.umount2(b".", MNT_DETACH) == 0  # the old root, which now lies over the new one
    else:
        done = mount(folder, "/", None, MS_MOVE)
        if done:
            os.chroot(".")
    os.chdir("/")
    return bool(done)


def filter_system_calls() -> bool:
    """Refuse the system calls of DENIED and clone with new namespaces from here on, and limit SELF_ONLY (seccomp)."""
    if platform.machine() not in ARCHITECTURES:
        return False
    column, audit = ARCHITECTURES[platform.machine()]
    refuse, unknown = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
    program = [
        *[(LOAD, 0, 0, ARCHITECTURE), (JUMP_EQUAL, 1, 0, audit), (RETURN, 0, 0, KILL)],
        *[(LOAD, 0, 0, NUMBER), (JUMP_AT_LEAST, 0, 1, X32), (RETURN, 0, 0, unknown)],
        # Without clone3, glibc calls clone, whose flags a filter can read.
        *[(JUMP_EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, unknown)],
    ]
    for numbers in DENIED.values():
        program += [(JUMP_EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, refuse)]
    for numbers, index in SELF_ONLY.values():
        program += [(JUMP_EQUAL, 0, 4, numbers[column]), (LOAD, 0, 0, FIRST_ARGUMENT + 8 * index)]
        program += [(JUMP_EQUAL, 0, 1, 0), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, refuse)]
    program += [(JUMP_EQUAL, 0, 3, CLONE[column]), (LOAD, 0, 0, FIRST_ARGUMENT), (JUMP_ANY_BIT, 0, 1, CLONE_NEW_ANY)]
    program += [(RETURN, 0, 0, refuse), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    mode_filter = ctypes.c_ulong(2)
    return bool(LIBC.prctl(PR_SET_SECCOMP, mode_filter, ctypes.c_ulong(ctypes.addressof(header)), 0, 0) == 0)


def landlock_version() -> int:
    """Return the version of Landlock; 0 if the kernel has none or forbids its use."""
    return max(0, int(LIBC.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)))


def restrict_files(grants: Iterable[tuple[str, int]]) -> bool:
    """Allow opening only the granted paths and everything below them, with the granted rights (Landlock).

    From version 4 also no TCP; from version 6 no signal and no abstract socket to a process outside.

    Args:
        grants: (path, rights); a path that does not exist is skipped.
    """
    version = landlock_version()
    if not version:
        return False
    handled = (1 << max(n for since, n in FILE_RIGHTS_SINCE.items() if since <= version)) - 1
    parts = [handled] + [ALL_TCP] * (version >= 4) + [ALL_SCOPES] * (version >= 6)
    attributes = struct.pack(f"={len(parts)}Q", *parts)
    ruleset = LIBC.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return False
    for path, rights in grants:
        _grant(ruleset, path, rights & handled)
    done = bool(LIBC.syscall(RESTRICT_SELF, ruleset, 0) == 0)
    os.close(ruleset)
    return done


def _grant(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH)
    except OSError:  # missing, or not reachable for this user: there is nothing to grant
        return
    if not Path(path).is_dir():
        rights &= FILE_RIGHTS
    LIBC.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    os.close(descriptor)
