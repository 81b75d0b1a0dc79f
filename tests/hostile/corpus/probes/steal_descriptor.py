"""Takes a descriptor of another process (pidfd_getfd)."""

from honest import GIFT

from probes.calls import call


def attempt():
    for process in (1, GIFT["harness"]):
        handle = call(434, process, 0)
        if handle >= 0 and any(call(438, handle, number, 0) >= 0 for number in range(3, 20)):
            return f"a descriptor of {process}"
    return None
