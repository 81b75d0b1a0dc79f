"""Every door through which strangers' bytes come in."""

from __future__ import annotations

from tests.fuzz import doors_of_crawls, doors_of_results, doors_of_sets

DOORS = (*doors_of_sets.DOORS, *doors_of_results.DOORS, *doors_of_crawls.DOORS)
