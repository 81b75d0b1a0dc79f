"""Programs that take more than they were granted: memory, disk, files, processes. `python3 exhausts.py NAME`."""

import os
import sys
import time

from honest import GIFT, found, loop


def allocate():
    """Allocates memory without end."""

    def take(_request):
        held = []
        while True:
            held.append(bytearray(b"x" * 2**24))

    loop(take)


def allocate_in_children():
    """Allocates memory in many processes, each below the limit of one process."""

    def take(_request):
        for _ in range(8):
            child = os.fork()
            if child == 0:
                held = b"x" * (96 * 2**20)
                time.sleep(60)
                os._exit(len(held) % 2)
        for _ in range(8):
            if os.waitpid(-1, 0)[1]:  # whichever of them is killed, it goes down with it
                os._exit(9)

    loop(take)


def fill_disk():
    """Writes into its scratch folder until no more goes in: one large file, then many."""

    def fill(_request):
        total, folder = 0, os.environ["HOME"]
        for number in range(64):
            try:
                with open(f"{folder}/hostile-{number}", "wb", buffering=0) as stream:
                    while True:
                        total += stream.write(b"x" * 2**20)
                        if total > 4 * GIFT["scratch_bytes"]:
                            found("more room than there should be")
                            return
            except OSError:
                continue

    loop(fill)


def fill_shm():
    """Fills the shared memory folder."""

    def fill(_request):
        total = 0
        try:
            with open("/dev/shm/hostile-note", "wb", buffering=0) as stream:
                while total <= 2 * GIFT["shared_bytes"]:
                    total += stream.write(b"x" * 2**16)
        except OSError:
            return
        found("more shared memory than there should be")

    loop(fill)


def many_files():
    """Makes as many files as it can: each takes room that its size does not show."""

    def fill(_request):
        for number in range(20_000):
            try:
                os.close(os.open(f"{os.environ['HOME']}/hostile-{number}", os.O_CREAT | os.O_WRONLY))
            except OSError:
                return
        if 20_000 * 4096 > 4 * GIFT["scratch_bytes"]:
            found("room for 20000 files")

    loop(fill)


def fork_bomb():
    """Forks until a fork is refused; each child does the same."""

    def fork(_request):
        made = 0
        while made <= 4 * GIFT["processes"]:
            try:
                if os.fork() == 0:
                    while True:
                        try:
                            os.fork()
                        except OSError:
                            time.sleep(0.1)
                made += 1
            except OSError:
                return
        found(f"{made} processes")

    loop(fork)


if __name__ == "__main__":
    globals()[sys.argv.pop(1)]()
