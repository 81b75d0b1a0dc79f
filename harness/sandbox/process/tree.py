"""Trees of processes. Standard library only: the supervisor counts and kills by it, the harness measures by it."""

from __future__ import annotations

from collections.abc import Mapping


def below(root: int, parents: Mapping[int, int]) -> set[int]:
    """Return every process below `root`, which is not among them.

    Args:
        parents: process id to the parent's, read one by one, so that a number in it may be reused.
    """
    found = {root}
    while more := {process for process, parent in parents.items() if parent in found and process not in found}:
        found |= more
    return found - {root}
