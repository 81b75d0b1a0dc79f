"""Links pictures of the exchange into a folder of its own, and a file of its own into the exchange."""

import os

from probes.calls import slots


def attempt():
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
