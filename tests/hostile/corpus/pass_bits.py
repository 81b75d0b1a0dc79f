"""Sends bits to a later run of another program through everything that may outlive a run, or receives them.

pass_bits.py send SEED      the bits are drawn from the seed
pass_bits.py receive        prints the bits that it finds, by channel
"""

import ctypes
import json
import os
import random
import sys
import time

from honest import loop

BITS = 600
LIBC = ctypes.CDLL(None, use_errno=True)
PAGES = os.environ.get("WIKIORDER_WEIGHTS", "/nowhere")
FILES = {"/tmp": "/tmp/hostile-{}", "/dev/shm": "/dev/shm/hostile-{}", "/var/tmp": "/var/tmp/hostile-{}"}
KEY = 0x68057200


def page(number):
    """Read the page of one bit and return the seconds that it took."""
    began = time.perf_counter()
    try:
        with open(f"{PAGES}/{number:04}", "rb", buffering=0) as stream:
            stream.read(1)
    except OSError:
        return 0.0
    return time.perf_counter() - began


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


def receive():
    took = [page(number) for number in range(BITS)]
    middle = sorted(took)[BITS // 2]
    found = {"page cache": [int(seconds < middle) for seconds in took]}
    for name, template in FILES.items():
        found[name] = [int(os.path.exists(template.format(number))) for number in range(BITS)]
    found["message queues"] = [int(LIBC.msgget(KEY + number, 0o666) >= 0) for number in range(BITS)]
    found["semaphores"] = [int(LIBC.semget(KEY + number, 1, 0o666) >= 0) for number in range(BITS)]
    return found


def act(_request):
    if sys.argv[1] == "send":
        send([random.Random(int(sys.argv[2]) * BITS + number).getrandbits(1) for number in range(BITS)])
    else:
        print("BITS", json.dumps(receive()), file=sys.stderr, flush=True)


if __name__ == "__main__":
    loop(act)
