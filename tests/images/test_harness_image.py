"""`docker run wikiorder-harness evaluate ...`: the command by which people know the project, as it is printed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness.sandbox.container.sibling import VOLUME

pytestmark = [pytest.mark.docker, pytest.mark.slow]

LOCKED_DOWN = ["--network", "none", "--read-only", "--cap-drop", "ALL", "--cap-add", "SETUID", "--cap-add", "SETGID"]
LOCKED_DOWN += ["--tmpfs", "/tmp"]
SET = "wikiorder-sample-1-test"
OWNER = 1234

# Tries to read the answers in every way that a program has, and says what became of each.
SPY = """
import glob, json, os, sys
sys.path.insert(0, "/wikiorder")
from harness.serve import serve

def load(start):
    answers = "/wikiorder/dataset_builder/wikiorder-sample/test/answers"
    for attempt in (
        lambda: open(answers + "/answers.jsonl").read(),
        lambda: os.listdir(answers),
        lambda: open("/proc/1/root" + answers + "/answers.jsonl").read(),
        lambda: open("/proc/1/mem", "rb").read(1),
        lambda: open("/results/note", "w").write("for the next run"),
        lambda: os.setuid(0),
        lambda: __import__("socket").socket(),
    ):
        try:
            attempt()
            print("LOOT", file=sys.stderr)
        except OSError as error:
            print("refused", type(error).__name__, file=sys.stderr)
    return lambda pairs: [0.5 for pair in pairs]

serve(load, name="spy")
"""
MANIFEST = """
name = "spy"
authors = ["Nobody"]
licence = "Apache-2.0"
modalities = ["text"]
command = ["python3", "predict.py"]
"""


def docker_run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = ["docker", "run", "--rm", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=600)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder of a user who is not root, as on a person's machine, and closed to all others."""
    folder = tmp_path / "results"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, OWNER, OWNER)
    return folder


@pytest.fixture
def spy(tmp_path: Path) -> Path:
    folder = tmp_path / "spy"
    folder.mkdir()
    (folder / "predict.py").write_text(SPY)
    (folder / "submission.toml").write_text(MANIFEST)
    return folder


def test_the_printed_command_evaluates_offline_and_leaves_the_results_to_their_owner(results: Path) -> None:
    options = [*LOCKED_DOWN, "-v", f"{results}:/results", "wikiorder-harness"]
    ended = docker_run(*options, "evaluate", "submissions/blip")
    assert ended.stdout.count("on wikiorder-sample 1 (process sandbox, isolated)") == 1
    rows = [
        line.split()[0] for line in ended.stdout.splitlines() if line.startswith(("vision+text ", "vision ", "text "))
    ]
    assert rows == ["vision+text", "vision", "text"]
    bundles = [f"/results/blip/{SET}/{modality}" for modality in ("vision_text", "vision", "text")]
    assert [line for line in ended.stdout.splitlines() if line.startswith("/results")] == bundles
    owners = {path.stat().st_uid for path in results.rglob("*")}
    assert owners == {results.stat().st_uid}

    results.chmod(0o755)
    checked = docker_run(*options, "verify", *bundles, "--data", "dataset_builder/wikiorder-sample")
    assert checked.stdout.splitlines() == [f"{bundle}: whole; every number follows" for bundle in bundles]


def test_a_submission_mounted_from_outside_cannot_reach_the_answers_in_the_image(results: Path, spy: Path) -> None:
    mounts = ["-v", f"{results}:/results", "-v", f"{spy}:/submissions/spy:ro"]
    docker_run(*LOCKED_DOWN, *mounts, "wikiorder-harness", "evaluate", "submissions/spy", "--variants", "0")
    said = (results / f"spy/{SET}/text/stderr.log").read_text()
    assert said.count("refused") == 7, said
    assert "LOOT" not in said


def test_a_user_who_is_not_root_is_told_that_nothing_separates_the_predictor(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    results.chmod(0o777)
    options = ["--network", "none", "--read-only", "--tmpfs", "/tmp", "--user", "1234", "-v", f"{results}:/results"]
    ended = docker_run(*options, "wikiorder-harness", "evaluate", "submissions/coin", "--modality", "text")
    assert "process sandbox does not protect: the harness's own user: the harness is not root" in ended.stderr
    assert "NOT isolated: the board does not rank it" in ended.stdout
    result = json.loads((results / f"coin/{SET}/text/result.json").read_text())
    assert result["isolation"]["isolated"] is False


def test_with_the_engines_socket_the_predictor_runs_in_a_container_beside_the_harness(results: Path) -> None:
    socket = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    options = ["--network", "none", "-v", f"{socket}:/var/run/docker.sock", "-v", f"{results}:/results"]
    evaluate = ["wikiorder-harness", "evaluate", "submissions/coin", "--modality", "vision"]
    ended = docker_run(*options, *VOLUME.split(), *evaluate)
    assert "Coin on wikiorder-sample 1 (docker sandbox, isolated)" in ended.stdout

    refused = docker_run(*options, *evaluate, "--fresh", check=False)
    assert refused.returncode == 2
    assert f"Start the harness with {VOLUME}, or use --sandbox process." in refused.stderr


def test_results_that_cannot_be_kept_are_refused_in_one_line() -> None:
    ended = docker_run(
        "--network", "none", "--read-only", "wikiorder-harness", "evaluate", "submissions/coin", check=False
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("wikiorder: ")


def test_without_arguments_it_prints_a_help_that_fits_on_a_screen() -> None:
    shown = docker_run("--network", "none", "wikiorder-harness").stdout.splitlines()
    assert 10 < len(shown) <= 40
    assert any("evaluate submissions/coin" in line for line in shown)
