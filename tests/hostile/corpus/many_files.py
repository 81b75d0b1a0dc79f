"""Makes as many files as it can: each takes room that its size does not show."""

import os

from honest import GIFT, found, loop


def fill(_request):
    for number in range(20_000):
        try:
            os.close(os.open(f"{os.environ['HOME']}/hostile-{number}", os.O_CREAT | os.O_WRONLY))
        except OSError:
            return
    if 20_000 * 4096 > 4 * GIFT["scratch_bytes"]:
        found("room for 20000 files")


loop(fill)
