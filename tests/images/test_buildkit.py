"""The same Dockerfile by the engine's other builder, BuildKit, which needs neither a plugin nor a network for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from docker import from_env

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
WHEELS = ROOT / "build/wheelhouse"
BUILDKIT = "2"  # what the engine's API calls this builder
TAG = "wikiorder-harness-by-buildkit"
COIN = ["evaluate", "submissions/coin", "--modality", "text", "--variants", "0"]


def context() -> Iterator[bytes]:
    """What .dockerignore lets through, in GNU's format: BuildKit takes the SDK's, of POSIX, for no archive."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    left_out = ("leaderboard/record", "leaderboard/site", "__pycache__")
    command = ["tar", "--format=gnu", "--create", *(f"--exclude={name}" for name in left_out)]
    with subprocess.Popen([*command, "Dockerfile.cuda", *kept], cwd=ROOT, stdout=subprocess.PIPE) as archive:
        assert archive.stdout
        yield from iter(partial(archive.stdout.read, 2**20), b"")


def buildkit(target: str, tag: str) -> list[dict[str, Any]]:
    """What the engine says while it builds, traces left out."""
    torch = "cpu" if (WHEELS / "torch-cpu/lock.txt").exists() else "cuda"
    arguments = {"BASE_IMAGE": "wikiorder-base", "TORCH": torch}
    asked = {"version": BUILDKIT, "dockerfile": "Dockerfile.cuda", "target": target, "t": tag, "networkmode": "none"}
    engine = from_env(timeout=900)
    try:
        api = engine.api
        url, given = api._url("/build"), asked | {"buildargs": json.dumps(arguments)}
        headers = {"Content-Type": "application/x-tar"}
        answer = api.post(url, params=given, data=context(), headers=headers, timeout=900)
    finally:
        engine.close()
    said = [json.loads(line) for line in answer.text.splitlines()]
    return [line for line in said if "aux" not in line]


@pytest.fixture
def image() -> Iterator[str]:
    said = buildkit("harness", TAG)
    assert said[-1] == {"stream": f"Successfully tagged {TAG}:latest\n"}, said
    yield TAG
    subprocess.run(["docker", "rmi", TAG], check=True, capture_output=True)


def evaluated(image: str) -> list[str]:
    """The lines that a run prints, without its pairs per second."""
    command = ["docker", "run", "--rm", "--network", "none", image, *COIN]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout.splitlines()
    return [line.rpartition(" ")[0] if line.startswith("text  ") else line for line in lines]


def test_buildkit_builds_the_image_without_a_network_and_it_evaluates_the_same(image: str) -> None:
    shown = evaluated(image)
    assert "Coin on wikiorder-sample 1 (process sandbox, isolated)" in shown
    assert shown == evaluated("wikiorder-harness")
