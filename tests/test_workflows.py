"""The workflows: what GitHub accepts, whose steps are `make` targets that run here, and that give strangers nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from leaderboard import rehearsal
from tests.leaderboard.bundles import MIDDLING, write

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
BIN = f"BIN={Path(sys.executable).parent}"


def load(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in load(path)["jobs"].values() for step in job["steps"]]


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """A target without its setup, under the Python of this test."""
    command = ["make", "--old-file=setup", BIN, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_github_accepts_them() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_target_they_call_exists(path: Path) -> None:
    targets = {match for step in steps(path) for match in re.findall(r"^make ([a-z]+)", step.get("run", ""), re.M)}
    for target in targets:
        assert make("--dry-run", target).returncode == 0, target


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_of_a_strangers_becomes_part_of_a_script(path: Path) -> None:
    for step in steps(path):
        assert "${{" not in step.get("run", ""), "hand it over in `env`, where the shell does not read it as code"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_runs_a_strangers_code_may_write_nothing(path: Path) -> None:
    workflow = load(path)
    triggers = workflow[True]  # YAML takes the key `on` for a truth value
    assert "pull_request_target" not in triggers
    if "pull_request" in triggers:
        jobs = workflow["jobs"].values()
        permissions = [workflow["permissions"], *(job["permissions"] for job in jobs if "permissions" in job)]
        assert all(found == {"contents": "read"} for found in permissions)
        assert "secrets." not in path.read_text(encoding="utf-8")
    if "workflow_run" in triggers:
        for step in steps(path):
            if step.get("uses", "").startswith("actions/checkout"):  # without a ref: the default branch
                assert step["with"] == {"persist-credentials": False}


def writers(path: Path) -> list[dict[str, Any]]:
    """The jobs of a workflow that may write something."""
    workflow = load(path)
    jobs = workflow["jobs"].values()
    return [job for job in jobs if "write" in (job.get("permissions") or workflow["permissions"]).values()]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_that_may_write_installs_only_locked_packages(path: Path) -> None:
    for job in writers(path):
        for step in job["steps"]:
            script = step.get("run", "").replace("\\\n", " ")
            for line in script.splitlines():
                if re.search(r"\b(pip|uv|pipx) +install\b", line):
                    assert "--require-hashes" in line
                    assert "docker/locks/" in line
            for line in re.findall(r"^make .*", script, re.MULTILINE):
                assert "--old-file=setup" in line, "`make setup` installs torch by version alone"
            assert not re.search(r"\b(npm|npx|curl|wget|apt-get)\b", script)
    assert path.stem not in ("board", "comment", "image") or writers(path)


def test_the_job_that_comments_runs_no_code_of_the_repository() -> None:
    job = load(ROOT / ".github/workflows/comment.yml")["jobs"]["comment"]
    assert not any("uses" in step for step in job["steps"])
    assert "python" not in json.dumps(job)


def test_the_text_of_a_comment_is_found_again_by_its_marker() -> None:
    workflow = (ROOT / ".github/workflows/comment.yml").read_text(encoding="utf-8")
    assert f'startswith("{rehearsal.MARKER}")' in workflow
    assert rehearsal.HEAD.startswith(rehearsal.MARKER)


def test_the_artifact_of_a_strangers_run_holds_result_files_alone() -> None:
    (upload,) = [s for s in steps(ROOT / ".github/workflows/submission.yml") if "upload" in s.get("uses", "")]
    assert upload["with"]["path"].endswith("/result.json")


def test_make_board_verifies_and_builds(tmp_path: Path) -> None:
    write(tmp_path / "board/results", "blip", MIDDLING)
    done = make("board", f"RESULTS={tmp_path / 'board/results'}")
    assert done.returncode == 0, done.stderr
    assert "accuracies follow from the counts; not checked: the predictions" in done.stdout
    assert (tmp_path / "board/LEADERBOARD.md").is_file()


def test_make_board_stops_at_a_bundle_that_does_not_hold(tmp_path: Path) -> None:
    root = write(tmp_path / "board/results", "blip", MIDDLING)
    (root / "articles.jsonl").write_text("{}\n")
    done = make("board", f"RESULTS={tmp_path / 'board/results'}")
    assert done.returncode != 0
    assert "articles.jsonl: altered" in done.stderr
    assert not (tmp_path / "board/LEADERBOARD.md").exists()


@pytest.mark.docker
def test_make_rehearse_ends_in_a_table(tmp_path: Path) -> None:
    done = make("rehearse", "SUBMISSIONS=submissions/coin", f"REHEARSAL={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert "| Coin |" in (tmp_path / "LEADERBOARD.md").read_text(encoding="utf-8")
