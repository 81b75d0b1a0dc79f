"""The rule of earlier releases, kept as a reference: single canary pairs, each with a coin of its own.

A false label must not contradict the labels around it. If the answers said "a before b" and "b before c", a canary that
said "c before a" would be recognisable, and so would a step that is recorded at two positions. Therefore a pair may be
a canary only if no chain of the article's other pairs joins its two steps: then both labels are possible for every
outcome of the other coins. The recorded positions of the article follow one order that agrees with all labels.

The cost: if an article has a canary with a false label, positions of its other steps may shift. Their labels never do.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from harness import keyed
from harness.errors import InputError

Edge = tuple[int, int]  # positions of two steps of one article; in order, if the edge has one


def place(pairs: Mapping[str, Sequence[Edge]], count: int, key: bytes, where: str = "") -> dict[str, set[Edge]]:
    """Return `count` of the articles' pairs (earlier, later), by keyed rank, such that each may have either label.

    Args:
        where: quota and subset, for the message.

    Raises:
        InputError: there are not that many such pairs.
    """
    ranked = sorted(
        ((article, edge) for article, edges in pairs.items() for edge in edges),
        key=lambda one: keyed.digest(key, "canary", one[0], *one[1]),
    )
    placed: dict[str, set[Edge]] = defaultdict(set)
    left = count
    for article, edge in ranked:
        if not left:
            break
        if not joined(edge, pairs[article], placed[article]):
            placed[article].add(edge)
            left -= 1
    if left:
        raise InputError(
            f"{where}: only {count - left} of {count} canaries find a pair whose label the other pairs leave open; "
            f"lower `canaries` in the spec, or give more articles"
        )
    return {article: edges for article, edges in placed.items() if edges}


def joined(edge: Edge, edges: Iterable[Edge], either_way: set[Edge]) -> bool:
    """Return whether a chain of the other pairs leads from one step of the edge to the other."""
    following: dict[int, set[int]] = defaultdict(set)
    for earlier, later in edges:
        if (earlier, later) != edge:
            following[earlier].add(later)
            if (earlier, later) in either_way:
                following[later].add(earlier)
    return _reaches(following, *edge) or _reaches(following, *reversed(edge))


def _reaches(following: Mapping[int, set[int]], start: int, end: int) -> bool:
    seen, front = {start}, [start]
    while front:
        for step in following.get(front.pop(), ()):
            if step == end:
                return True
            if step not in seen:
                seen.add(step)
                front.append(step)
    return False


def recorded_positions(steps: int, before: Iterable[Edge]) -> list[int]:
    """Return the position to record for each step.

    They follow the order nearest the true one in which, for every (a, b) in `before`, a comes before b.
    """
    waits = [0] * steps
    following: dict[int, list[int]] = defaultdict(list)
    for one, other in before:
        following[one].append(other)
        waits[other] += 1
    ready = [step for step in range(steps) if not waits[step]]  # ascending, hence a heap
    positions = [0] * steps
    for position in range(steps):
        step = heapq.heappop(ready)
        positions[step] = position
        for other in following[step]:
            waits[other] -= 1
            if not waits[other]:
                heapq.heappush(ready, other)
    return positions
