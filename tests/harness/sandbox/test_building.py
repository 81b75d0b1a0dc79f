"""Building an untrusted Dockerfile is limited in memory and time, and leaves nothing running."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import from_env

from harness.contract import submission
from harness.errors import InputError, SubmissionError
from harness.sandbox.container.building import GIB, BuildLimits
from harness.sandbox.container.sandbox import ContainerSandbox
from tests.predictors import submission as write

MARK = "wikiorder-build-of-a-stranger"
ALLOCATE = "python3 -c \"held = bytearray(2**30); print('had a GiB')\""


@pytest.fixture
def sandbox() -> Iterator[ContainerSandbox]:
    found = ContainerSandbox(BuildLimits(memory_bytes=GIB // 8, total_s=6))
    yield found
    found.close()


def building(folder: Path, command: str) -> submission.Submission:
    write(folder, name="builder")
    (folder / "Dockerfile").write_text(
        f"FROM wikiorder-base\nRUN : {MARK} {folder.name}; {command}\n", encoding="utf-8"
    )
    return submission.load(folder)


def running() -> list[str]:
    """The commands of the build's containers that still run."""
    engine = from_env()
    try:
        commands = [" ".join(c.attrs["Config"]["Cmd"] or ()) for c in engine.containers.list(ignore_removed=True)]
    finally:
        engine.close()
    return [command for command in commands if MARK in command]


def test_the_limits_are_passed_to_the_engine_in_full() -> None:
    assert BuildLimits(memory_bytes=GIB, total_s=100).options() == {
        "network_mode": "none",
        "rm": True,
        "forcerm": True,
        "container_limits": {"memory": GIB, "memswap": GIB},
        "timeout": 160,
    }


@pytest.mark.docker
@pytest.mark.parametrize("command", ["sleep 600", "while :; do echo busy; sleep 0.1; done"])
def test_a_build_that_does_not_end_is_killed_and_is_the_submissions_fault(
    sandbox: ContainerSandbox, tmp_path: Path, command: str
) -> None:
    with pytest.raises(SubmissionError, match="builder: its image is not built after 6 s, the limit"):
        sandbox.prepare(building(tmp_path / "s", command))
    deadline = time.monotonic() + 30
    while running() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert running() == []


@pytest.mark.docker
def test_a_build_that_takes_too_much_memory_is_killed_and_told_the_limit(
    sandbox: ContainerSandbox, tmp_path: Path
) -> None:
    with pytest.raises(SubmissionError, match=r"does not build: .*137.*a build may take 0\.125 GiB and 6 s"):
        sandbox.prepare(building(tmp_path / "s", ALLOCATE))


@pytest.mark.docker
def test_files_that_the_digest_ignores_do_not_reach_the_image(sandbox: ContainerSandbox, tmp_path: Path) -> None:
    """Otherwise two folders with one digest could answer differently."""
    subject = building(tmp_path / "s", "test -f predict.py || true")
    (subject.folder / "Dockerfile").write_text(
        "FROM wikiorder-base\nCOPY . /submission\nRUN test -f /submission/predict.py && "
        "test ! -e /submission/__pycache__ && test ! -e /submission/.git\n"
    )
    for name in ("__pycache__", ".git"):
        (subject.folder / name).mkdir()
        (subject.folder / name / "predict.pyc").write_bytes(b"other code")
    assert sandbox.prepare(submission.load(subject.folder)).startswith("sha256:")


@pytest.mark.docker
def test_a_base_by_digest_must_be_on_this_machine(sandbox: ContainerSandbox, tmp_path: Path) -> None:
    """Otherwise the engine would ask a registry that the submission chooses."""
    subject = building(tmp_path / "s", "true")
    (subject.folder / "Dockerfile").write_text(f"FROM far.example/away@sha256:{'0' * 64}\n")
    with pytest.raises(InputError, match=r"is not here\. Pull it first"):
        sandbox.prepare(submission.load(subject.folder))


@pytest.mark.docker
def test_another_submissions_image_is_no_base(sandbox: ContainerSandbox, tmp_path: Path) -> None:
    subject = building(tmp_path / "s", "true")
    neighbour = sandbox.prepare(subject)
    for line in (f"FROM {neighbour}", f"FROM wikiorder-base\nCOPY --from={neighbour} / /x"):
        (subject.folder / "Dockerfile").write_text(f"{line}\n")
        with pytest.raises(SubmissionError, match="Dockerfile line "):
            sandbox.prepare(submission.load(subject.folder))
