"""Opens the memory and the descriptors of every process that it sees."""

from probes.calls import HOST, others, readable


def attempt():
    for process in [1, *others()]:
        for part in ("mem", "maps", "environ", "fd/0", "fd/3", "cwd/gift.json", "root/etc/shadow"):
            if process != 1 or HOST:
                if readable(f"/proc/{process}/{part}"):
                    return f"{part} of {process}"
    return None
