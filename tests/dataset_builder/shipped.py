"""The validation subset of the sample that ships: four hundred pairs with real pictures."""

from functools import cache

from harness.contract import frozen_set, shipped
from harness.contract.frozen_set import FrozenSet

ROOT = shipped.sample() / "validation"


@cache
def frozen() -> FrozenSet:
    return frozen_set.load(ROOT)
