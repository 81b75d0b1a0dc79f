"""Sends bits to a later run of another program through everything that may outlive a run, or receives them.

pass_bits.py send SEED      the bits are drawn from the seed
pass_bits.py receive        prints the bits that it finds, by channel
"""

import ctypes
import fcntl
import json
import os
import random
import sys
import time

from honest import loop

BITS = 600
LIBC, REALTIME = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("librt.so.1", use_errno=True)
ADD_KEY, REQUEST_KEY, USER_KEYS = 248, 249, -4
PAGES = os.environ.get("WIKIORDER_WEIGHTS", "/nowhere")
FILES = {"/tmp": "/tmp/hostile-{}", "/dev/shm": "/dev/shm/hostile-{}", "/var/tmp": "/var/tmp/hostile-{}"}
SMALL = (ctypes.c_long * 8)(0, 1, 1)  # attributes of a POSIX queue of one message of one byte
KEY, HELD = 0x68057200, []


def page(number):
    """Read the page of one bit and return the seconds that it took."""
    began = time.perf_counter()
    try:
        with open(f"{PAGES}/{number:04}", "rb", buffering=0) as stream:
            stream.read(1)
    except OSError:
        return 0.0
    return time.perf_counter() - began


def lock(number, kind):
    """Lock the file of one bit, keep it open, and return whether it could be locked."""
    try:
        HELD.append(os.open(f"{PAGES}/{number:04}", os.O_RDONLY))
        fcntl.flock(HELD[-1], kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def was_read(number):
    """Whether the file of one bit was read after it was written, by its times."""
    try:
        times = os.stat(f"{PAGES}/{number:04}")
    except OSError:
        return 0
    return int(times.st_atime_ns > times.st_mtime_ns)


def send(bits):
    for number, bit in enumerate(bits):
        if not bit:
            continue
        page(number)
        for template in FILES.values():
            try:
                os.close(os.open(template.format(number), os.O_CREAT | os.O_WRONLY))
            except OSError:
                pass
        LIBC.msgget(KEY + number, 0o1666)
        LIBC.semget(KEY + number, 1, 0o1666)
        LIBC.shmget(KEY + number, 4096, 0o1666)
        REALTIME.mq_open(f"/hostile-{number}".encode(), os.O_CREAT | os.O_RDWR, 0o666, SMALL)
        LIBC.syscall(ADD_KEY, b"user", f"hostile-{number}".encode(), b"1", 1, USER_KEYS)
        lock(number, fcntl.LOCK_EX)
    if os.fork() == 0:  # the locks last as long as one holds the files
        os.setsid()
        time.sleep(3600)


def receive():
    found = {"access times": [was_read(number) for number in range(BITS)]}
    took = [page(number) for number in range(BITS)]
    middle = sorted(took)[BITS // 2]
    found["page cache"] = [int(seconds < middle) for seconds in took]
    for name, template in FILES.items():
        found[name] = [int(os.path.exists(template.format(number))) for number in range(BITS)]
    found["message queues"] = [int(LIBC.msgget(KEY + number, 0o666) >= 0) for number in range(BITS)]
    found["semaphores"] = [int(LIBC.semget(KEY + number, 1, 0o666) >= 0) for number in range(BITS)]
    found["shared memory"] = [int(LIBC.shmget(KEY + number, 4096, 0o666) >= 0) for number in range(BITS)]
    names = [f"hostile-{number}".encode() for number in range(BITS)]
    found["POSIX queues"] = [int(REALTIME.mq_open(b"/" + name, os.O_RDWR) >= 0) for name in names]
    found["keys"] = [int(LIBC.syscall(REQUEST_KEY, b"user", name, None, USER_KEYS) >= 0) for name in names]
    found["file locks"] = [int(not lock(number, fcntl.LOCK_EX)) for number in range(BITS)]
    return found


def act(_request):
    if sys.argv[1] == "send":
        send([random.Random(int(sys.argv[2]) * BITS + number).getrandbits(1) for number in range(BITS)])
        print("SENT", file=sys.stderr, flush=True)
    else:
        print("BITS", json.dumps(receive()), file=sys.stderr, flush=True)


if __name__ == "__main__":
    loop(act)
