"""Makes a file whose size is far beyond the limit."""

import os

from honest import GIFT


def attempt():
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
