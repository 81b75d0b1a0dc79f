"""Every hostile test runs in every sandbox; the docker ones carry the mark `docker`."""

from __future__ import annotations

import multiprocessing.util
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.contract.frozen_set import FrozenSet
from harness.sandbox.base import Sandbox
from tests.hostile import arena
from tests.sets import tiny_set


@pytest.fixture(scope="package", autouse=True)
def own_temporary_folder() -> Iterator[None]:
    """Exchange and scratch folders of these tests apart from those of other runs on this machine."""
    multiprocessing.util.get_temp_dir()  # is asked for once and kept: not this one, which goes
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        Path(name).chmod(0o755)
        before, tempfile.tempdir = tempfile.tempdir, name
        yield
        tempfile.tempdir = before


# gVisor is optional: its tests are there only where it is installed.
CONTAINERS = ["docker", *([arena.RUNSC] if shutil.which("runsc") else [])]


@pytest.fixture(
    scope="package", params=[*(pytest.param(kind, marks=pytest.mark.docker) for kind in CONTAINERS), "process"]
)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    if request.param == arena.RUNSC and not arena.has_runsc():
        pytest.skip("runsc is installed, but not known to the engine: start it with docker/engine.sh; CI runs without")
    made = arena.sandbox_of(request.param)
    yield made
    made.close()


@pytest.fixture
def corpus() -> Iterator[Path]:
    with arena.reachable_corpus() as folder:
        yield folder


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> FrozenSet:
    """24 pairs, in a folder that only its owner can enter."""
    return tiny_set(tmp_path_factory.mktemp("set"))
