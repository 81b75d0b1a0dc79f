"""A predictor that runs as the harness's own user, because the harness is not root, cannot change the harness."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contract.frozen_set import FrozenSet
from harness.sandbox.process import kernel
from harness.sandbox.process.sandbox import ProcessSandbox
from tests.hostile import arena

SCOPED_SIGNALS = 6  # version of Landlock that keeps signals within the sandbox


@pytest.mark.skipif(
    kernel.landlock_version() < SCOPED_SIGNALS,
    reason="before Linux 6.12, Landlock lets the same user send signals; the result says so; CI has a newer one",
)
@pytest.mark.parametrize("attack", ["change_harness", "read_memory", "read_answers"])
def test_the_harness_keeps_its_limits_its_memory_and_its_files(attack: str, frozen: FrozenSet, tmp_path: Path) -> None:
    sandbox = ProcessSandbox(arena.common_python())
    sandbox.uid = None
    with arena.reachable_corpus() as corpus:
        arena.arm(corpus, frozen, tmp_path)
        found = arena.evaluate(arena.load(corpus, attack), frozen, sandbox, tmp_path)
    assert found.result.status == "scored", found.result.failure
    assert "FOUND" not in arena.log(found)
    assert not found.result.isolation.isolated
