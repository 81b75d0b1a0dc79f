"""Resource usage and causes of an end, as the kernel and the engine report them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InfrastructureError
from harness.sandbox import evidence
from harness.sandbox.container.answers import ContainerStats, EngineVersion, ListedImage, read
from harness.sandbox.evidence import ResourceUsage

CONTAINER = "4f181c30510492440165a2fe1fb94ca4"
USED = ResourceUsage(peak_memory_bytes=1000, cpu_s=1.5, throttled_periods=2, throttled_s=0.25, out_of_memory=0)
STATS = {
    "cpu_stats": {
        "cpu_usage": {"total_usage": 1_500_000_000},
        "throttling_data": {"periods": 9, "throttled_periods": 2, "throttled_time": 250_000_000},
    },
    "memory_stats": {"usage": 900, "max_usage": 1000},
}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_engines_figures_are_read_in_seconds_and_bytes() -> None:
    assert read(ContainerStats, STATS).usage(peak=None, kills=0) == USED


def test_the_kernels_peak_is_preferred_to_the_engines() -> None:
    assert read(ContainerStats, STATS).usage(peak=1200, kills=0).peak_memory_bytes == 1200


def test_of_an_ended_container_the_engine_counts_nothing_and_nothing_is_claimed() -> None:
    zero: dict[str, Any] = {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}}
    assert read(ContainerStats, zero).usage(None, 1) == ResourceUsage(out_of_memory=1)
    assert read(ContainerStats, {}).usage(None, None) == ResourceUsage()


def test_peak_memory_is_found_in_control_groups_of_version_1(tmp_path: Path) -> None:
    write(tmp_path / "proc/7/cgroup", f"9:cpu:/docker/{CONTAINER}\n4:memory:/docker/{CONTAINER}\n0::/\n")
    group = tmp_path / f"cgroup/memory/docker/{CONTAINER}"
    write(group / "memory.max_usage_in_bytes", "4096\n")
    write(group / "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    found = evidence.memory_of_container(7, CONTAINER, tmp_path / "proc", tmp_path / "cgroup")
    assert found == (4096, 3)


def test_peak_memory_is_found_in_control_groups_of_version_2(tmp_path: Path) -> None:
    path = f"system.slice/docker-{CONTAINER}.scope"
    write(tmp_path / "proc/7/cgroup", f"0::/{path}\n")
    write(tmp_path / f"cgroup/{path}/memory.peak", "8192\n")
    write(tmp_path / f"cgroup/{path}/memory.events", "low 0\nmax 4\noom 1\noom_kill 1\n")
    assert evidence.memory_of_container(7, CONTAINER, tmp_path / "proc", tmp_path / "cgroup") == (8192, 1)


def test_a_process_of_the_same_number_that_is_no_part_of_the_container_tells_nothing(tmp_path: Path) -> None:
    write(tmp_path / "proc/7/cgroup", "0::/user.slice\n")
    write(tmp_path / "cgroup/user.slice/memory.peak", "8192\n")
    assert evidence.memory_of_container(7, CONTAINER, tmp_path / "proc", tmp_path / "cgroup") == (None, None)


def test_a_tree_of_processes_is_added_up_without_its_supervisor(tmp_path: Path) -> None:
    tick = os.sysconf("SC_CLK_TCK")
    for number, parent, ticks, peak in ((10, 1, 1, 50), (11, 10, 2, 100), (12, 11, 4, 200), (99, 1, 8, 400)):
        fields = ["S", str(parent), *["0"] * 9, str(ticks * tick), "0", "0", "0", *["0"] * 20]
        write(tmp_path / f"{number}/stat", f"{number} (a (strange) name) {' '.join(fields)}")
        write(tmp_path / f"{number}/status", f"Name:\tx\nVmHWM:\t{peak} kB\n")
    found = evidence.usage_of_tree(10, tmp_path)
    assert found == ResourceUsage(peak_memory_bytes=300 * 1024, cpu_s=7.0)


def test_the_time_of_this_process_is_what_the_system_says() -> None:
    measured = evidence.usage_of_tree(os.getpid()).cpu_s
    assert measured is not None
    assert measured >= os.times().user * 0.5


@pytest.mark.parametrize(
    ("own_limit", "killed", "words"),
    [
        (False, False, ""),  # it may have killed itself
        (True, False, ""),
        (True, True, ""),
        (False, True, "the predictor was ended from outside"),
    ],
)
def test_a_cause_outside_the_predictor_is_named(own_limit: bool, killed: bool, words: str) -> None:
    assert evidence.outside_cause(own_limit, killed) == words


def test_an_answer_that_the_engine_leaves_empty_is_read() -> None:
    assert read(ListedImage, {"RepoTags": None}).repo_tags is None
    nothing = {"cpu_stats": None, "memory_stats": None}
    assert read(ContainerStats, nothing).usage(None, 0) == ResourceUsage(out_of_memory=0)


def test_an_answer_of_unknown_form_is_the_machines_fault() -> None:
    with pytest.raises(InfrastructureError, match=r"answer of unknown form .*cpu_stats\.cpu_usage\.total_usage"):
        read(ContainerStats, {"cpu_stats": {"cpu_usage": {"total_usage": "much"}}})


@pytest.mark.parametrize(("component", "podman"), [("Engine", False), ("Podman Engine", True)])
def test_podman_is_recognised_by_its_component(component: str, podman: bool) -> None:
    answer = {
        "Platform": {"Name": ""},
        "Version": "5.4.2",
        "KernelVersion": "6.12",
        "Components": [{"Name": component, "Version": "5.4.2", "Details": {"Os": "linux"}}],
    }
    version = read(EngineVersion, answer)
    assert version.is_podman is podman
    assert str(version) == "container engine 5.4.2, 6.12"
