"""Dozens of attacks in one start of a predictor: none gets hold of anything, in any sandbox."""

from __future__ import annotations

import ast
import importlib.util
import platform
from dataclasses import replace

import pytest

from harness.contract.frozen_set import FrozenSet
from harness.sandbox.base import Sandbox
from harness.sandbox.container.sandbox import ContainerSandbox
from tests.hostile import arena

PROBES = sorted(
    node.name
    for path in (arena.CORPUS / "probes").glob("*.py")
    if path.stem != "calls"
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.FunctionDef)
)
# Probes that get something in a container, by the reason why that is right. In the process sandbox they get nothing.
GRANTED_IN_A_CONTAINER = {
    "machine_counters": "a container sees counters of the kernel, as each result says under `exposes`",
    "secret_memory": "the control group of a container counts a memfd, which the process sandbox could not count",
}
LIMITS = replace(arena.LIMITS, batch_s=60)  # all of them run within the first batch

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the probes call by the numbers of x86_64, which CI is"
)


@pytest.fixture(scope="module")
def gained(sandbox: Sandbox, frozen: FrozenSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What each probe got hold of, by name."""
    if arena.is_gvisor(sandbox):
        pytest.skip("gVisor 20221219 itself ends at one of the probes, which fails the attacker's row; CI runs on runc")
    with arena.reachable_corpus() as corpus:
        results = tmp_path_factory.mktemp("results")
        arena.arm(corpus, frozen, results)
        found = arena.evaluate(arena.load(corpus, "probe_all"), frozen, sandbox, results, LIMITS)
    assert found.result.status == "scored", found.result.failure
    (report,) = arena.said(found, "PROBES")
    assert isinstance(report, dict)
    assert arena.left_behind(sandbox) == []
    return report


def test_every_probe_has_run(gained: dict[str, object]) -> None:
    assert sorted(gained) == PROBES
    assert len(PROBES) >= 30


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_gets_hold_of_nothing(probe: str, gained: dict[str, object], sandbox: Sandbox) -> None:
    granted = isinstance(sandbox, ContainerSandbox) and probe in GRANTED_IN_A_CONTAINER
    assert (gained[probe] is not None) == granted


def test_the_probes_refuse_to_run_unconfined() -> None:
    """Some of them would damage a machine on which they succeed."""
    text = (arena.CORPUS / "probe_all.py").read_text()
    assert "if runs else" in text
    assert importlib.util.find_spec("probes") is None
