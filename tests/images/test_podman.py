"""Podman in the place of Docker: the same API, the same isolation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.sandbox.container.sandbox import ContainerSandbox
from tests.hostile import arena
from tests.predictors import submission
from tests.sets import tiny_set

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("podman"), reason="podman is not installed; CI installs it"),
]

ROOT = Path(__file__).resolve().parents[2]
# What a machine without systemd, with version 1 of cgroups, and with low limits of its own needs; harmless elsewhere.
SETTINGS = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""


# Words of the failed row; "" where the attack is contained and the row is scored. Not read_environment: it finds the
# variables TERM and container, which Podman adds of its own; nor become_root: it finds a user namespace, which a result
# of Podman says.
ATTACKS = {
    "read_answers": "",
    "open_sockets": "",
    "write_outside": "",
    "fork_bomb": "",
    "daemonise": "",
    "crash_late": "",
    "exit_at_once": "ended without answering",
    "flood_stdout": "sent over 4 lines unasked",
    "answer_late": "gave no answer within 2 s",
}


class Podman(NamedTuple):
    """A Podman that answers. environment: where it is found."""

    environment: dict[str, str]
    service: subprocess.Popen[bytes]


@contextmanager
def podman(folder: Path) -> Iterator[Podman]:
    """Podman as a service, with storage of its own that holds wikiorder-base."""
    settings, socket = folder / "containers.conf", folder / "podman.sock"
    settings.write_text(SETTINGS)
    environment = {**os.environ, "CONTAINERS_CONF": str(settings)}
    runroot = tempfile.mkdtemp(prefix="wo-")  # Podman takes no longer name than fifty letters
    podman = ["podman", "--root", str(folder / "root"), "--runroot", runroot]
    archive = folder / "base.tar"
    subprocess.run(["docker", "save", "--output", archive, "wikiorder-base"], check=True)
    subprocess.run([*podman, "load", "--quiet", "--input", archive], env=environment, check=True, capture_output=True)
    service = subprocess.Popen([*podman, "system", "service", "--time=0", f"unix://{socket}"], env=environment)
    try:
        deadline = time.monotonic() + 30
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield Podman({**environment, "DOCKER_HOST": f"unix://{socket}"}, service)
    finally:
        service.terminate()
        service.wait(timeout=30)
        subprocess.run([*podman, "rm", "--all", "--force"], env=environment, check=False, capture_output=True)
        subprocess.run([*podman, "rmi", "--all", "--force"], env=environment, check=False, capture_output=True)
        shutil.rmtree(runroot, ignore_errors=True)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which Podman answers."""
    with podman(tmp_path_factory.mktemp("podman")) as running:
        yield running.environment


def test_a_submission_is_built_and_evaluated_by_podman(engine: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "evaluate", "submissions/coin", "--sandbox", "docker"]
    command += ["--modality", "text", "--variants", "0", "--results", str(tmp_path / "results")]
    ended = subprocess.run(command, cwd=ROOT, env=engine, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Coin on wikiorder-sample 1 (docker sandbox, isolated)" in ended.stdout


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_gets_nowhere_under_podman_either(
    attack: str, engine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine["DOCKER_HOST"])
    frozen = tiny_set(tmp_path / "set")
    with arena.reachable_corpus() as corpus:
        arena.arm(corpus, frozen, tmp_path)
        found = arena.evaluate(arena.load(corpus, attack), frozen, ContainerSandbox(), tmp_path / "r")
    assert found.result.status == ("failed" if ATTACKS[attack] else "scored"), found.result.failure
    assert ATTACKS[attack] in str(found.result.failure)
    assert "FOUND" not in arena.log(found)


def test_an_engine_that_goes_away_midway_is_not_held_against_the_submission(tmp_path: Path) -> None:
    """It is gone for good, so that the second try fails as well."""
    data = tiny_set(tmp_path / "set", articles=12, pairs_per_article=8).root
    words = [str(submission(tmp_path / "s", "time.sleep(0.5)")), "--data", str(data), "--results", str(tmp_path / "r")]
    with podman(tmp_path) as running:
        command = [sys.executable, "-m", "harness", "evaluate", *words, "--sandbox", "docker", "--modality", "text"]
        ended = subprocess.Popen(command, cwd=ROOT, env=running.environment, stderr=subprocess.PIPE, text=True)
        journal = tmp_path / "r/test/tiny-1.0-test/text.journal"
        while not (journal.exists() and journal.read_bytes().count(b"\n") >= 5):
            assert ended.poll() is None, "it ended before the engine could be killed"
            time.sleep(0.05)
        running.service.kill()
        _, said = ended.communicate(timeout=120)
    assert ended.returncode == 3
    assert "the container engine failed" in said
    assert "This is no fault of the submission" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "r").rglob("result.json"))
    assert journal.read_bytes().count(b"\n") >= 5
