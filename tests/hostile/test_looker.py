"""A predictor that looks everywhere finds nothing: one conformance suite for every sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.contract.bundle import Bundle
from harness.contract.frozen_set import FrozenSet
from harness.sandbox.base import Sandbox
from harness.sandbox.container.flags import USER
from harness.sandbox.container.sandbox import ContainerSandbox
from tests.hostile import arena

NONE = "0" * 16


@pytest.fixture(scope="module")
def looked(sandbox: Sandbox, frozen: FrozenSet, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    with arena.reachable_corpus() as corpus:
        found = arena.evaluate(arena.load(corpus, "looker"), frozen, sandbox, tmp_path_factory.mktemp("results"))
    assert found.result.status == "scored", found.result.failure
    return found


@pytest.fixture(scope="module")
def report(looked: Bundle) -> dict[str, Any]:
    (only,) = arena.said(looked, "REPORT")
    assert isinstance(only, dict)
    return only


@pytest.fixture(scope="module")
def batches(looked: Bundle) -> list[dict[str, Any]]:
    return arena.said(looked, "BATCH")


def test_it_is_not_root_and_cannot_become_root(report: dict[str, Any]) -> None:
    assert 0 not in report["uids"]
    assert 0 not in report["gids"]
    assert report["become_root"] == "PermissionError"


def test_it_has_no_capability_and_can_gain_no_privilege(report: dict[str, Any], sandbox: Sandbox) -> None:
    assert report["capabilities"] == [NONE] * 5
    assert report["no_new_privileges"].strip() == ("not told" if arena.is_gvisor(sandbox) else "1")
    assert report["raw_mount"] == -1


def test_it_has_no_network(report: dict[str, Any]) -> None:
    assert report["connect"] in ("OSError", "PermissionError")
    assert report["resolve"] in ("gaierror", "PermissionError")
    assert report["interfaces"] in (["lo"], [], "PermissionError")


def test_it_can_write_in_its_own_scratch_folders_alone(report: dict[str, Any]) -> None:
    assert report["writable"] == ["/dev/shm", "/tmp"]


def test_it_sees_no_process_but_its_own(report: dict[str, Any], sandbox: Sandbox) -> None:
    assert len(report["processes"]) <= 2  # itself, and in a container the init above it


def test_no_engine_can_be_asked_for_more(report: dict[str, Any], sandbox: Sandbox) -> None:
    if isinstance(sandbox, ContainerSandbox):
        assert report["engine_socket"] == []


def test_its_environment_is_what_the_harness_chose(report: dict[str, Any]) -> None:
    chosen = {"HOME", "HF_HUB_OFFLINE", "LANG", "PATH", "PYTHONUNBUFFERED", "TOKENIZERS_PARALLELISM"}
    added = {"HOSTNAME", "LC_CTYPE", "PYTHONPATH", "TMPDIR"}  # by the engine, by Python, by the process sandbox
    assert chosen <= set(report["environment"]) <= chosen | added


def test_no_answer_article_or_step_index_lies_anywhere_it_can_read(report: dict[str, Any]) -> None:
    assert report["signs"] == []


def test_it_sees_the_pictures_of_the_current_batch_and_no_others(batches: list[dict[str, Any]]) -> None:
    for batch in batches:
        full = {name for name, _, size, *_ in batch["slots"] if size}
        asked = {Path(path).name for _, first, second in batch["asked"] for path in (first, second)}
        assert full == asked
        sizes = {Path(path).name: size for path, size in batch["sizes"].items()}
        assert all(sizes[name] == size for name, _, size, *_ in batch["slots"] if size)


def test_no_picture_keeps_the_name_it_has_in_the_set(batches: list[dict[str, Any]]) -> None:
    assert all(batch["names_told"] == [] for batch in batches)


def test_it_cannot_change_what_it_is_shown(batches: list[dict[str, Any]]) -> None:
    assert {batch["write_exchange"] for batch in batches} <= {"PermissionError", "OSError"}
    assert {batch["change_picture"] for batch in batches} <= {"PermissionError", "OSError"}


def test_names_inodes_and_times_belong_to_the_slots_and_tell_nothing_of_a_picture(
    batches: list[dict[str, Any]],
) -> None:
    """The same files serve every batch, and each batch is written in the order of their inodes, whatever they hold."""
    assert len(batches) > 1
    assert len({str([(name, inode, links) for name, inode, _, _, _, links in b["slots"]]) for b in batches}) == 1
    for batch in batches:
        by_inode = sorted(batch["slots"], key=lambda slot: slot[1])
        for times in ([slot[3] for slot in by_inode], [slot[4] for slot in by_inode]):
            assert times == sorted(times)
    placed = [
        tuple(names.index(Path(p).name) for p in pair[1:])
        for b in batches
        for names in [_names(b)]
        for pair in b["asked"]
    ]
    assert 0 < sum(first < second for first, second in placed) < len(placed)


def test_the_run_is_recorded_as_isolated(looked: Bundle, sandbox: Sandbox) -> None:
    isolation = looked.result.isolation
    assert isolation.isolated is True, isolation


def test_nothing_of_it_is_left(looked: Bundle, sandbox: Sandbox) -> None:
    assert arena.left_behind(sandbox) == []


def test_the_user_in_a_container_is_the_one_we_name(report: dict[str, Any], sandbox: Sandbox) -> None:
    if isinstance(sandbox, ContainerSandbox):
        assert report["uids"] == [USER] * 3


def _names(batch: dict[str, Any]) -> list[str]:
    return [slot[0] for slot in sorted(batch["slots"], key=lambda slot: slot[1])]
