"""Writes wherever the harness, the host or the next run would read."""

import os

from honest import GIFT, found, loop

PLACES = [
    "/",
    "/etc",
    "/usr/lib/python3",
    "/var/tmp",
    "/run",
    "/home",
    "/root",
    "/dev/mqueue",
    "/proc/sys/kernel",
    "/sys",
]


def look(request):
    places = [*PLACES, os.getcwd(), GIFT["results"], os.path.dirname(GIFT["questions"])]
    places += [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    for folder in places:
        try:
            with open(os.path.join(folder, "hostile-note"), "w") as stream:
                stream.write("note")
            found(folder)
        except OSError:
            continue


loop(look)
