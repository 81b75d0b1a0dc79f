"""The validation subset of the sample that ships: four hundred pairs with real pictures."""

from functools import cache
from pathlib import Path

import dataset_builder
from harness.contract import frozen_set
from harness.contract.frozen_set import FrozenSet

ROOT = Path(dataset_builder.__file__).parent / "wikiorder-sample" / "validation"


@cache
def frozen() -> FrozenSet:
    return frozen_set.load(ROOT)
