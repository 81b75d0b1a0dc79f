"""`wikiorder doctor` names every part, and advises only steps that are possible here."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.commands import doctor as module
from harness.commands.doctor import CHECKS, doctor
from harness.sandbox.base import EngineUnavailableError
from harness.sandbox.container import sandbox


def absent(*_: object) -> None:
    raise EngineUnavailableError("no container engine answers")


def run() -> str:
    done = CliRunner().invoke(doctor, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that lacks an engine, torch, root and disk space."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(sandbox, "ContainerSandbox", absent)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    monkeypatch.setattr("os.geteuid", lambda: 1000)


def test_the_doctor_names_everything_and_advises_on_what_is_missing() -> None:
    output = run()
    for name in CHECKS:
        assert name in output
    for line in output.splitlines():
        assert not line.startswith("none") or "->" in line


@pytest.mark.usefixtures("bare")
def test_programs_read_the_same_as_json() -> None:
    done = CliRunner().invoke(doctor, ["--json"], catch_exceptions=False)
    parts = json.loads(done.output)
    assert list(parts) == list(CHECKS)
    assert [name for name, part in parts.items() if not part["available"]] == [
        "engine",
        "images",
        "torch",
        "privileges",
        "disk",
    ]
    assert all(part["advice"] for part in parts.values() if not part["available"])


@pytest.mark.usefixtures("bare")
def test_in_a_clone_the_advice_names_its_scripts() -> None:
    output = run()
    assert "sudo sh docker/engine.sh, or use --sandbox process" in output
    assert "start an engine, then: make images" in output
    assert "pip install -e '.[baselines]'" in output
    assert output.endswith("5 missing; everything else works.\n")


@pytest.mark.usefixtures("bare")
def test_of_an_installed_wheel_the_advice_names_no_file_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REPOSITORY", tmp_path)
    output = run()
    assert "docker/" not in output
    assert "sudo apt-get install docker.io, or use --sandbox process" in output
    assert "in a clone of the WikiOrder repository with `make images`" in output
    assert "pip install 'wikiorder[baselines]'" in output
