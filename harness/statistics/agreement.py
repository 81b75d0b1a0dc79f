"""Agreement with the canaries of a hidden set, and its exact distribution under honesty.

An honest submission cannot know the secret order of a canary article, so the recorded order is a uniformly random one,
independent of the answers. The labels of one article hang together: of "a before b" and "b before c", a random order
agrees with both in one case of six, not of four. The number of agreements is therefore not binomial. Pairs that no
chain of canaries joins are independent, so the distribution is the convolution over the connected components of the
graph of steps (nodes) and answered pairs (edges).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from math import factorial

import numpy as np

from harness.contract.result import CanaryVerdict
from harness.records import GroundTruth, predicted_label
from harness.statistics.intervals import Floats

ALARM_P = 1e-6  # the chance that an honest submission agrees so often: 248 of 400 independent coins
EXACT_STEPS = 16  # of one component: 2^16 subsets of all 120 pairs take 0.6 s and 63 MB, on one core
DRAWS = 200_000  # orders that are drawn for a larger component

Before = tuple[str, str]  # two steps; the first is answered to be done first


def canary_verdict(
    canaries: Mapping[str, GroundTruth],
    predictions: Mapping[str, float],
    steps: Mapping[str, tuple[str, str]] | None = None,
) -> CanaryVerdict | None:
    """Return how often the predictor agrees with the recorded labels of the canaries; None without canaries.

    An alarm means that the agreement is too high for chance, so that the predictor must have read the ground truth.

    Args:
        steps: names of the first and the second step of each canary, by pair id, where recorded labels follow secret
            orders of steps; None where each label is a coin by itself.
    """
    if not canaries:
        return None
    predicted = {name: predicted_label(predictions[name]) for name in canaries}
    agreements = sum(predicted[name] == truth.label for name, truth in canaries.items())
    if steps is None:
        from scipy.stats import binom

        p = float(binom.sf(agreements - 1, len(canaries), 0.5))
    else:
        answered = [steps[name] if predicted[name] else steps[name][::-1] for name in canaries]
        p = min(1.0, float(distribution(answered)[agreements:].sum()))
    return CanaryVerdict(asked=len(canaries), agreements=agreements, p=float(f"{p:.3g}"), alarm=p < ALARM_P)


def distribution(answered: Iterable[Before]) -> Floats:
    """Return the probability of each number of agreements with a random order, (pairs + 1,)."""
    total = np.ones(1)
    for edges in components(answered):
        names = sorted({step for edge in edges for step in edge})
        number = {name: index for index, name in enumerate(names)}
        numbered = [(number[one], number[other]) for one, other in edges]
        small = len(names) <= EXACT_STEPS
        total = np.convolve(total, exact(len(names), numbered) if small else drawn(len(names), numbered))
    return total


def components(answered: Iterable[Before]) -> list[list[Before]]:
    """Return the connected components of the graph of answered pairs, each as its sorted pairs."""
    edges = sorted(answered)
    root: dict[str, str] = {}

    def find(step: str) -> str:
        while root.setdefault(step, step) != step:
            root[step] = root[root[step]]
            step = root[step]
        return step

    for one, other in edges:
        root[find(one)] = find(other)
    found: dict[str, list[Before]] = {}
    for edge in edges:
        found.setdefault(find(edge[0]), []).append(edge)
    return [found[name] for name in sorted(found)]


def exact(steps: int, edges: Sequence[tuple[int, int]]) -> Floats:
    """Return the probability of each number of satisfied edges in a random order, by counting all orders.

    Orders of a subset of the steps are counted by the number of satisfied edges inside it; a step that is put behind
    the subset satisfies its edges from the subset. That takes 2^steps subsets instead of steps! orders.

    Args:
        steps: the number of steps, which are numbered from 0.
        edges: (a, b) is satisfied if a comes before b.
    """
    subsets = np.arange(2**steps)
    gained = np.zeros((steps, 2**steps), dtype=np.int64)  # edges that a step satisfies behind a subset
    for one, other in edges:
        gained[other] += (subsets >> one) & 1
    orders = np.zeros((2**steps, len(edges) + 1))
    orders[0, 0] = 1
    sizes = ((subsets[:, None] >> np.arange(steps)) & 1).sum(axis=1)
    for size in range(steps):
        layer = subsets[sizes == size]
        for step in range(steps):
            without = layer[(layer >> step) & 1 == 0]
            for gain in np.unique(gained[step, without]):
                chosen = without[gained[step, without] == gain]
                orders[chosen | (1 << step), gain:] += orders[chosen, : len(edges) + 1 - gain]
    found: Floats = orders[-1] / factorial(steps)
    return found


def drawn(steps: int, edges: Sequence[tuple[int, int]]) -> Floats:
    """Return the same from DRAWS random orders, where there are too many subsets.

    One further order that satisfies all edges is counted, so that a component cannot cause an alarm by itself:
    probabilities below 1 / DRAWS are not resolved, and too large rather than too small. The draws depend on the edges
    alone, so that the verdict can be verified.
    """
    seed = hashlib.sha256(repr((steps, edges)).encode()).digest()
    generator = np.random.default_rng(int.from_bytes(seed[:16]))
    places = generator.random((DRAWS, steps))
    satisfied = np.zeros(DRAWS, dtype=np.int64)
    for one, other in edges:
        satisfied += places[:, one] < places[:, other]
    counts = np.bincount(satisfied, minlength=len(edges) + 1).astype(np.float64)
    counts[-1] += 1
    return counts / (DRAWS + 1)
