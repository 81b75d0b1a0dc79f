"""The shell scripts that start the engine, make the images and run the tests: what they say and how they end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import docker
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "docker").glob("*.sh"))
LOCKED = re.compile(r"[a-z0-9-]+==[0-9][a-z0-9.+]* --hash=sha256:[0-9a-f]{64}")
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", f"docker/{script}", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def locks() -> dict[str, list[str]]:
    """The packages of each lock."""
    lines = {path.stem: path.read_text().splitlines()[1:] for path in sorted((ROOT / "docker/locks").glob("*.txt"))}
    assert all(LOCKED.fullmatch(line) for lock in lines.values() for line in lock)
    return {name: [line.partition("==")[0] for line in lock] for name, lock in lines.items()}


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A virtual environment's bin/ whose python only prints what it is asked to do."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\ncase "$1" in -c) exit 1;; esac\necho "python $*"\n')
    python.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_parses_and_stops_at_the_first_failure(script: Path) -> None:
    subprocess.run(["sh", "-n", str(script)], check=True)
    assert "\nset -eu\n" in script.read_text()


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci/run", ROOT / "docker/wikiorder"], ids=lambda path: path.name)
def test_a_script_is_sound_shell(script: Path) -> None:
    command = [Path(sys.executable).with_name("shellcheck"), script]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_folder_docker_does_not_hide_the_docker_sdk() -> None:
    assert not (ROOT / "docker/__init__.py").exists()
    assert "site-packages" in str(docker.__file__)


def test_the_locks_hold_every_dependency_of_the_project_exactly_once_a_stack() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {
        re.split(r"[^a-z0-9-]", requirement.lower(), maxsplit=1)[0]
        for requirement in [*project["dependencies"], *extras["baselines"], *extras["figures"]]
    }
    layers = locks()
    for torch in ("torch-cpu", "torch-cuda"):
        stack = [package for layer in (torch, "runtime", "harness") for package in layers[layer]]
        assert sorted(stack) == sorted(set(stack))
        assert wanted <= set(stack), "docker/lock.py writes the locks anew"


def test_the_runtime_holds_no_part_of_the_harness_that_could_read_answers() -> None:
    runtime = (ROOT / "Dockerfile.cuda").read_text().partition(" AS runtime\n")[2].partition("\nFROM ")[0]
    copied = [line.split()[1:-1] for line in runtime.splitlines() if line.startswith("COPY ") and "--from" not in line]
    assert copied == [
        ["harness/__init__.py", "harness/serve.py", "harness/serve_prompt.py"],
        ["submissions/__init__.py"],
        ["submissions/shared"],
    ]


def test_the_images_declare_no_volume_and_no_health_check() -> None:
    instructions = {line.split()[0] for line in (ROOT / "Dockerfile.cuda").read_text().splitlines() if line.strip()}
    assert "FROM" in instructions
    assert not instructions & {"VOLUME", "HEALTHCHECK"}


def test_an_engine_that_is_not_a_local_socket_is_not_started() -> None:
    ended = run("engine.sh", DOCKER_HOST="tcp://127.0.0.1:1")
    assert ended.returncode == 1
    assert "DOCKER_HOST is tcp://127.0.0.1:1, which does not answer" in ended.stderr or "only root" in ended.stderr


def test_an_unknown_layer_is_refused_and_the_known_ones_are_named() -> None:
    ended = run("wheelhouse.sh", "torch-abacus", PYTHON="true")
    assert (ended.returncode, ended.stdout) == (2, ""), "no layer is begun: `true` would leave it without wheels"
    assert ended.stderr == (
        "wheelhouse: there is no docker/locks/torch-abacus.txt; the layers are: "
        "dev harness runtime tools torch-cpu torch-cuda\n"
    )


def test_without_an_engine_the_container_tests_are_left_out_and_one_line_says_so(bin_folder: Path) -> None:
    ended = run("test.sh", str(bin_folder), "-k", "coin", WIKIORDER_REQUIRE_ENGINE="", **NO_ENGINE)
    assert ended.returncode == 0
    lines = ended.stdout.splitlines()
    assert [line for line in lines if "engine" in line] == [
        "test: no container engine answers ('sh docker/engine.sh' starts one): the tests marked 'docker' are left out"
    ]
    assert lines[-1].startswith("python -m pytest --numprocesses ")
    assert " -m not docker" in lines[-1]
    assert lines[-1].endswith("-k coin")


def test_without_an_engine_that_is_required_nothing_runs(bin_folder: Path) -> None:
    ended = run("test.sh", str(bin_folder), WIKIORDER_REQUIRE_ENGINE="1", **NO_ENGINE)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "no container engine answers" in ended.stderr
