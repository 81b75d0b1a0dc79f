"""The process sandbox where neither root nor the kernel helps: it runs, and says all that it does not keep."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.contract.frozen_set import FrozenSet
from harness.sandbox.process.kernel import KernelFeatures
from harness.sandbox.process.sandbox import ProcessSandbox
from tests.hostile import arena
from tests.sets import tiny_set

BARE = KernelFeatures(namespaces=False, landlock=False, seccomp=False)


def sandbox(uid: int | None = None, **kernel: bool) -> ProcessSandbox:
    """As on a machine whose kernel grants only what is named, for this user."""
    made = ProcessSandbox(arena.common_python())
    made.uid, made.why_not = uid, "" if uid else "the harness is not root, so the predictor runs as the same user"
    made.kernel = BARE._replace(**kernel)
    return made


@pytest.fixture
def frozen(tmp_path: Path) -> FrozenSet:
    return tiny_set(tmp_path / "set")


def test_without_root_and_kernel_each_thing_that_it_does_not_keep_is_named(frozen: FrozenSet) -> None:
    found = sandbox().isolation(frozen.root)
    assert not found.isolated
    assert found.exposes == (
        "which paths exist, and their sizes and times",
        "paths of the set, their sizes and times",
        "the harness's own user: the harness is not root, so the predictor runs as the same user",
        "files that every user can read",
        f"the answers: {frozen.root / 'answers/answers.jsonl'} can be read",
        "the network",
        "System V IPC and message queues",
    )


@pytest.mark.parametrize("granted", [{"landlock": True}, {"seccomp": True}, {"landlock": True, "seccomp": True}])
def test_no_grant_of_the_kernel_makes_up_for_the_harness_own_user(frozen: FrozenSet, granted: dict[str, bool]) -> None:
    assert not sandbox(**granted).isolation(frozen.root).isolated


def test_landlock_keeps_the_answers_from_the_harness_own_user_too(frozen: FrozenSet) -> None:
    assert "the answers" in sandbox(landlock=True).isolation(frozen.root).covers


def test_a_run_without_protection_is_scored_and_says_so(frozen: FrozenSet, tmp_path: Path) -> None:
    here = sandbox()
    with arena.reachable_corpus() as corpus:
        found = arena.evaluate(arena.load(corpus, "honest"), frozen, here, tmp_path / "r")
    assert found.result.status == "scored"
    assert found.result.isolation.isolated is False
    assert "the network" in found.result.isolation.exposes
    assert found.environment is not None
    assert found.environment.sandbox == "no engine; nothing of the kernel to hold a process"
    assert arena.still_running(os.getpid(), None) == []


def test_what_it_starts_ends_with_the_run_even_as_the_same_user(frozen: FrozenSet, tmp_path: Path) -> None:
    here = sandbox()
    with arena.reachable_corpus() as corpus:
        found = arena.evaluate(arena.load(corpus, "daemonise"), frozen, here, tmp_path / "r")
    assert found.result.status == "scored"
    assert arena.still_running(os.getpid(), None) == []
