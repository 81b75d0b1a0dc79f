"""Mounts by the newer system calls."""

from probes.calls import ROOM, call


def attempt():
    return (
        any(
            call(number, *arguments) >= 0
            for number, arguments in (
                (430, (b"tmpfs", 0)),
                (428, (-100, b"/", 1)),
                (433, (-100, b"/", 0)),
                (442, (-100, b"/", 0, ROOM, 32)),
            )
        )
        and "a mount"
    )
