"""Writes into its scratch folder until no more goes in: one large file, then many."""

import os

from honest import GIFT, found, loop


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
