"""Takes memory that no count over processes finds."""

from probes.calls import call

SURFACE = True  # where a container may call it, nothing is gained by it


def attempt():
    return (call(319, b"x", 0) >= 0 or call(447, 0) >= 0) and "memory outside all counts"
