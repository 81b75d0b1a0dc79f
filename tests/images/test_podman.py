"""Podman in the place of Docker: the same API, the same isolation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment in which Podman answers, with storage of its own that holds wikiorder-base."""
    settings, socket = tmp_path / "containers.conf", tmp_path / "podman.sock"
    settings.write_text(SETTINGS)
    environment = {**os.environ, "CONTAINERS_CONF": str(settings)}
    runroot = tempfile.mkdtemp(prefix="wo-")  # Podman takes no longer name than fifty letters
    podman = ["podman", "--root", str(tmp_path / "root"), "--runroot", runroot]
    archive = tmp_path / "base.tar"
    subprocess.run(["docker", "save", "--output", archive, "wikiorder-base"], check=True)
    subprocess.run([*podman, "load", "--quiet", "--input", archive], env=environment, check=True, capture_output=True)
    service = subprocess.Popen([*podman, "system", "service", "--time=0", f"unix://{socket}"], env=environment)
    try:
        deadline = time.monotonic() + 30
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield {**environment, "DOCKER_HOST": f"unix://{socket}"}
    finally:
        service.terminate()
        service.wait(timeout=30)
        subprocess.run([*podman, "rm", "--all", "--force"], env=environment, check=False, capture_output=True)
        subprocess.run([*podman, "rmi", "--all", "--force"], env=environment, check=False, capture_output=True)
        shutil.rmtree(runroot, ignore_errors=True)


def test_a_submission_is_built_and_evaluated_by_podman(engine: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "evaluate", "submissions/coin", "--sandbox", "docker"]
    command += ["--modality", "text", "--probes", "0", "--results", str(tmp_path / "results")]
    ended = subprocess.run(command, cwd=ROOT, env=engine, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Coin, text, on wikiorder-sample 1 (docker sandbox, isolated)" in ended.stdout
