"""What a bundle says of where it was made: as the kernel, the engine and the driver tell it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness.contract import bundle, protocol, schema
from harness.errors import InputError, SubmissionError
from harness.run import environment
from harness.run.session import Asked, Seam, Start
from harness.sandbox import evidence
from harness.sandbox.evidence import Usage
from tests import bundles
from tests.sets import tiny_set

CONTAINER = "4f181c30510492440165a2fe1fb94ca4"
USED = Usage(peak_memory_bytes=1000, cpu_s=1.5, throttled_periods=2, throttled_s=0.25, out_of_memory=0)
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
    assert evidence.usage_of_container(STATS, peak=None, kills=0) == USED


def test_the_kernels_peak_is_preferred_to_the_engines() -> None:
    assert evidence.usage_of_container(STATS, peak=1200, kills=0).peak_memory_bytes == 1200


def test_of_an_ended_container_the_engine_counts_nothing_and_nothing_is_claimed() -> None:
    zero: dict[str, Any] = {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}}
    assert evidence.usage_of_container(zero, None, 1) == Usage(out_of_memory=1)
    assert evidence.usage_of_container({}, None, None) == Usage()


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


def test_a_tree_of_processes_is_added_up_without_its_watcher(tmp_path: Path) -> None:
    tick = os.sysconf("SC_CLK_TCK")
    for number, parent, ticks, peak in ((10, 1, 1, 50), (11, 10, 2, 100), (12, 11, 4, 200), (99, 1, 8, 400)):
        fields = ["S", str(parent), *["0"] * 9, str(ticks * tick), "0", "0", "0", *["0"] * 20]
        write(tmp_path / f"{number}/stat", f"{number} (a (strange) name) {' '.join(fields)}")
        write(tmp_path / f"{number}/status", f"Name:\tx\nVmHWM:\t{peak} kB\n")
    found = evidence.usage_of_tree(10, tmp_path)
    assert found == Usage(peak_memory_bytes=300 * 1024, cpu_s=7.0)


def test_the_time_of_this_process_is_what_the_system_says() -> None:
    measured = evidence.usage_of_tree(os.getpid()).cpu_s
    assert measured is not None
    assert measured >= os.times().user * 0.5


@pytest.mark.parametrize(
    ("exit_code", "own_limit", "killed", "kills", "words"),
    [
        (1, False, False, 0, ""),
        (137, False, False, 0, ""),  # it may have killed itself
        (137, True, False, 1, ""),  # at its own limit
        (137, True, True, 1, ""),
        (137, False, True, 0, "somebody ended the predictor from outside"),
        (137, False, False, 1, "the machine ran out of memory and killed the predictor, which was below its own limit"),
        (1, False, False, 1, ""),  # something else on the machine was killed meanwhile
        (0, False, False, 0, ""),
    ],
)
def test_who_ended_a_predictor(exit_code: int, own_limit: bool, killed: bool, kills: int, words: str) -> None:
    assert evidence.who_else(exit_code, own_limit, killed, kills) == words


@pytest.mark.parametrize(
    ("version", "driver"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n", "535.104.05"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54  Release Build\n", "550.54"),
    ],
)
def test_gpus_and_their_driver_are_as_the_driver_tells(tmp_path: Path, version: str, driver: str) -> None:
    write(tmp_path / "version", version)
    for bus, model in (("0000:41:00.0", "NVIDIA H100 80GB HBM3"), ("0000:01:00.0", "NVIDIA A100-SXM4-40GB")):
        write(tmp_path / f"gpus/{bus}/information", f"Model: \t\t {model}\nIRQ:   \t\t 188\n")
    assert environment.graphics(tmp_path) == (driver, ["NVIDIA A100-SXM4-40GB", "NVIDIA H100 80GB HBM3"])


def test_without_a_gpu_none_is_claimed(tmp_path: Path) -> None:
    assert environment.graphics(tmp_path) == (None, [])


def test_what_is_written_of_a_run_fits_the_schema_and_is_under_the_bundles_digest(tmp_path: Path) -> None:
    asked = Asked(starts=[Start(0, 0.5, 2.0, USED)], seams=[Seam(3, "infrastructure", "x" * 2000)])
    found = environment.describe(asked, "Docker 28", {"torch": "2.6.0"})
    schema.check(found, "environment", "written")
    assert found["predictors"][0] == {
        "at_batch": 0,
        "wall_s": 2.5,
        "peak_memory_bytes": 1000,
        "cpu_s": 1.5,
        "throttled_periods": 2,
        "throttled_s": 0.25,
        "out_of_memory": 0,
    }
    assert found["said_by_submission"] == {"torch": "2.6.0"}
    assert len(found["seams"][0]["reason"]) == 1000


def test_a_bundle_without_an_environment_is_read_as_before(tmp_path: Path) -> None:
    root = bundles.write(tmp_path / "results", tiny_set(tmp_path / "set"), "old")
    assert bundle.read(root).environment is None


def test_an_environment_that_was_touched_is_named(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path / "set")
    root = bundles.write(tmp_path / "results", frozen, "new")
    found = bundle.read(root)
    here = environment.describe(Asked(), "none", {})
    bundle.write(root, found.result, found.articles, found.predictions, [], {}, here)
    assert bundle.read(root).environment == here
    (root / bundle.ENVIRONMENT).write_text("{}")
    with pytest.raises(InputError, match=r"environment\.json: altered"):
        bundle.read(root)


def hello(libraries: str) -> bytes:
    return b'{"jsonrpc":"2.0","id":0,"result":{"name":"a","batch":1,"libraries":%s}}' % libraries.encode()


def test_libraries_are_the_predictors_own_word_and_bounded() -> None:
    many = "{" + ",".join(f'"{number}{"x" * 200}":"{"9" * 200}"' for number in range(50)) + "}"
    found = protocol.read_hello(hello(many), 0, 1).libraries
    assert len(found) == protocol.MAX_LIBRARIES
    assert {len(text) for item in found.items() for text in item} == {protocol.QUOTED}
    assert protocol.read_hello(hello('{"torch":"2.6"}'), 0, 1).libraries == {"torch": "2.6"}


@pytest.mark.parametrize("libraries", ["[]", "null", "3", '{"torch":2}'])
def test_libraries_that_are_no_names_and_versions_are_refused(libraries: str) -> None:
    with pytest.raises(SubmissionError, match="send names and versions, or nothing"):
        protocol.read_hello(hello(libraries), 0, 1)
