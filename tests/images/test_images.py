"""The images wikiorder-base and wikiorder-runtime, looked at from inside."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from docker import from_env

pytestmark = pytest.mark.docker

ROOT = Path(__file__).resolve().parents[2]


def run(image: str, program: str) -> str:
    """What a Python program prints in a container as restricted as a submission's."""
    command = ["docker", "run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]
    command += ["--security-opt", "no-new-privileges", "--user", "10001:10001", image, "python3", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


@pytest.mark.parametrize("image", ["wikiorder-base", "wikiorder-runtime"])
def test_an_image_declares_nothing_that_loosens_a_sandbox(image: str) -> None:
    found = from_env().images.get(image).attrs["Config"]
    assert not found.get("Volumes")
    assert not found.get("Healthcheck")
    assert not found.get("ExposedPorts")


def test_the_base_runs_python_for_a_user_without_a_name() -> None:
    assert run("wikiorder-base", "import ssl, sqlite3, sys; print(sys.version_info >= (3, 11))") == "True"


def test_the_base_keeps_no_trace_of_the_mirror_it_was_made_from() -> None:
    program = (
        "import pathlib; kept = pathlib.Path('/etc/apt').glob('sources*'), pathlib.Path('/var/lib/apt').rglob('*');"
        "print([str(p) for paths in kept for p in paths if p.is_file() and p.stat().st_size])"
    )
    assert run("wikiorder-base", program) == "[]"


def test_the_runtime_imports_what_a_submission_needs_from_a_read_only_root() -> None:
    program = "import torch, transformers, safetensors, tokenizers, PIL, numpy, harness.serve, submissions.shared;"
    assert run("wikiorder-runtime", program + "print(torch.tensor([1.0, 2.0]).sum().item())") == "3.0"


def test_the_runtime_holds_no_data_set_and_no_scoring() -> None:
    program = (
        "import pathlib; names = {p.name for p in pathlib.Path('/opt/wikiorder/project').rglob('*')};"
        "print(sorted(names & {'answers.jsonl', 'questions.jsonl', 'manifest.json', 'scoring.py', 'testset.py'}))"
    )
    assert run("wikiorder-runtime", program) == "[]"


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can unpack a Debian; CI is root")
def test_making_the_base_twice_gives_the_same_bytes() -> None:
    """Two runs, a minute of time apart at most: the mirror is the same."""
    engine = from_env()
    archives = []
    try:
        for _ in range(2):
            environment = {**os.environ, "REBUILD": "1", "IMAGE": "wikiorder-base-again", "BASE_IMAGE": ""}
            subprocess.run(["sh", "docker/base.sh"], cwd=ROOT, env=environment, check=True, capture_output=True)
            archives.append(engine.images.get("wikiorder-base-again").labels["org.wikiorder.archive"])
    finally:
        engine.images.remove("wikiorder-base-again", force=True)
    assert archives[0] == archives[1]
