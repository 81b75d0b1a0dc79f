"""Fills the shared memory folder."""

from honest import GIFT, found, loop


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
