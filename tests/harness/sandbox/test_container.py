"""Every flag of a predictor's container, and which images are refused before one starts."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from harness.contract import submission
from harness.errors import InputError, SubmissionError
from harness.sandbox.base import Launch, Limits
from harness.sandbox.container import seccomp
from harness.sandbox.container.answers import ImageDescription, read
from harness.sandbox.container.flags import MACHINES, check_image, container_options, machine
from harness.sandbox.lease import owner
from tests.hostile.arena import CORPUS

MIB = 2**20
LIMITS = Limits(
    startup_s=10, batch_s=5, total_s=100, memory_gib=2, cpus=3, processes=77, scratch_mib=9, shared_mib=5, log_bytes=1
)


def launch(**resources: Any) -> Launch:
    subject = submission.load(CORPUS)
    manifest = structs.replace(subject.manifest, resources=structs.replace(subject.resources, **resources))
    subject = replace(subject, manifest=manifest)
    return Launch(subject, "sha256:abc", Path("/somewhere/exchange"), None, Path("/set"), Path("log"), LIMITS)


def options(**resources: Any) -> dict[str, Any]:
    return container_options(launch(**resources), run="5e", now=1000.0)


def test_podman_is_not_asked_to_bound_the_number_of_files_which_it_refuses() -> None:
    found = container_options(launch(), "5e", 0.0, podman=True)
    closed = "ro,nosuid,nodev,noexec,size=4k"  # Podman would make them writable
    own = {"/tmp": f"rw,nosuid,nodev,exec,mode=1777,size={9 * MIB}"}
    assert found["tmpfs"] == own | {"/run": closed, "/var/tmp": closed}


def test_these_are_all_the_flags_of_a_container() -> None:
    """Written out in full: a flag that is added, dropped or loosened must be changed here as well."""
    assert options(memory_gib=0.5) == {
        "image": "sha256:abc",
        "entrypoint": ["python3", "honest.py"],
        "command": [],
        "environment": {
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "HOME": "/tmp",
        },
        "working_dir": "/submission",
        "user": "10001:10001",
        "hostname": "predictor",
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {"/tmp": f"rw,nosuid,nodev,exec,mode=1777,size={9 * MIB},nr_inodes=2304"},
        "shm_size": 5 * MIB,
        "mounts": [{"Target": "/exchange", "Source": "/somewhere/exchange", "Type": "bind", "ReadOnly": True}],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={seccomp.profile()}"],
        "privileged": False,
        "ipc_mode": "private",
        "mem_limit": 512 * MIB,
        "memswap_limit": 512 * MIB,
        "pids_limit": 77,
        "nano_cpus": 3 * 10**9,
        "init": True,
        "log_config": {"Type": "none", "Config": {}},
        "healthcheck": {"test": ["NONE"]},
        "stdin_open": True,
        "labels": {
            "wikiorder.run": "5e",
            "wikiorder.owner": owner(os.getpid()),
            "wikiorder.lease": "1710",  # now + start-up + total + slack
        },
    }


def test_a_submission_gets_the_memory_that_it_asks_for_and_is_told_if_it_cannot() -> None:
    asked = options(memory_gib=1.5)
    assert asked["mem_limit"] == asked["memswap_limit"] == 1536 * MIB
    with pytest.raises(InputError, match=r"memory_gib = 512, and a predictor gets at most 2 here.*--memory 512"):
        options(memory_gib=512)


def test_a_gpu_is_one_device_request_and_changes_no_other_flag() -> None:
    with_gpu, without = options(gpu=True), options()
    (request,) = with_gpu.pop("device_requests")
    assert request["count"] == 1
    assert request["capabilities"] == [["gpu"]]
    assert with_gpu == without


def test_weights_are_one_more_mount_and_read_only() -> None:
    found = container_options(replace(launch(), weights=Path("/w:1")), "5e", 0.0)
    assert found["mounts"][1] == {"Target": "/weights", "Source": "/w:1", "Type": "bind", "ReadOnly": True}
    assert found["environment"]["WIKIORDER_WEIGHTS"] == "/weights"
    assert all(mount["ReadOnly"] for mount in found["mounts"])


def image(**changes: Any) -> ImageDescription:
    answer = {"Architecture": machine(), "Config": {"Volumes": None}, "Size": 10**8, **changes}
    return read(ImageDescription, answer)


def test_an_image_for_this_machine_is_let_through() -> None:
    check_image(image(), "tidy")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"Config": {"Volumes": {"/data": {}}}},
            "tidy: its image declares VOLUME /data, which is writable. Remove it.",
        ),
        ({"Architecture": "s390x"}, f"tidy: its image is for s390x, this machine is {machine()}. Build it for"),
        ({"Size": 41 * 2**30}, "tidy: its image has 41 GiB, over 40"),
    ],
)
def test_an_image_that_opens_a_hole_or_cannot_run_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        check_image(image(**changes), "tidy")
    assert words in str(caught.value)


def test_this_machine_has_a_name_among_images() -> None:
    assert machine() in MACHINES.values()


def test_the_filter_of_system_calls_lists_none_that_leads_out() -> None:
    rules = json.loads(seccomp.profile())
    assert rules["defaultAction"] == "SCMP_ACT_ERRNO"
    plain = [rule for rule in rules["syscalls"] if not rule.get("args") and "errnoRet" not in rule]
    free = {name for rule in plain for name in rule["names"]}
    assert free.isdisjoint(
        {"mount", "unshare", "setns", "ptrace", "bpf", "mincore", "cachestat", "preadv2", "fadvise64"}
    )
    assert free.isdisjoint({"clone", "clone3", "socket", "io_uring_setup", "userfaultfd", "keyctl", "perf_event_open"})
    families = {rule["args"][0]["value"] for rule in rules["syscalls"] if rule["names"] == ["socket"]}
    assert families == {1, 2, 10, 16}


def test_podman_keeps_its_own_filter_since_it_takes_none_through_this_interface() -> None:
    assert container_options(launch(), "5e", 0.0, podman=True)["security_opt"] == ["no-new-privileges"]


def test_a_runtime_is_passed_on_and_changes_no_other_flag() -> None:
    found = container_options(launch(), "5e", 1000.0, runtime="runsc")
    assert found.pop("runtime") == "runsc"
    assert found == options()
