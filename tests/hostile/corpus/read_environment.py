"""Looks for the harness's variables in its own environment and in that of its parents."""

import os

from honest import GIFT, found, loop, readable

EXPECTED = "HF_HUB_OFFLINE HOME HOSTNAME LANG LC_CTYPE PATH PYTHONPATH PYTHONUNBUFFERED TMPDIR TOKENIZERS_PARALLELISM"


def look(_request):
    for name in sorted(set(os.environ) - set(EXPECTED.split())):
        found(f"variable {name}")
    for process in (os.getppid(), GIFT["harness"]):
        if process > 1 and readable(f"/proc/{process}/environ"):
            found(f"the environment of {process}")


loop(look)
