"""Starts programs with the largest environment that the kernel takes."""

import subprocess


def attempt():
    big = {f"V{number}": "x" * 2**16 for number in range(40)}
    for _ in range(5):
        try:
            subprocess.run(["/bin/sh", "-c", ":"], env=big, check=False)
        except OSError:
            break
    return
