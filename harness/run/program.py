"""The identity of the program that runs an evaluation: its version, and a digest of its own source."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from harness import __version__
from harness.contract.result import HarnessIdentity

PACKAGE = Path(__file__).parents[1]


@cache
def identity() -> HarnessIdentity:
    """Return the version of this harness and the SHA-256 over the path and content of its modules.

    A version stands for many states of the code; the digest tells them apart.
    """
    total = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        content = path.read_bytes()
        total.update(f"{path.relative_to(PACKAGE).as_posix()} {len(content)}\n".encode() + content)
    return HarnessIdentity(version=__version__, source=total.hexdigest())
