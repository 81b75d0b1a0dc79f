"""Loads code into the kernel (modules, kexec, bpf)."""

from probes.calls import ROOM, call


def attempt():
    return (
        any(
            call(number, *arguments) >= 0
            for number, arguments in (
                (175, (ROOM, 64, b"")),
                (246, (0, 0, None, 0)),
                (321, (0, ROOM, 64)),
                (172, (3,)),
            )
        )
        and "code in the kernel"
    )
