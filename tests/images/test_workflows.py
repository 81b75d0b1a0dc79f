"""The workflows of continuous integration: whose code they run, and what it may do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).resolve().parents[2] / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+(\.\d+)*")
SECRET = re.compile(r"(?<!GH_TOKEN: )\$\{\{\s*(?:secrets\.|github\.token)")

each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def scripts(path: Path) -> list[str]:
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_the_workflows_are_what_the_schema_of_workflows_allows() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_an_audit_of_the_workflows_finds_nothing_that_a_stranger_could_abuse() -> None:
    command = [Path(sys.executable).with_name("zizmor"), "--offline", "--no-progress", "--quiet", *WORKFLOWS]
    audited = subprocess.run(command, capture_output=True, text=True, check=False)
    assert audited.returncode == 0, audited.stdout


@each
def test_the_scripts_in_a_workflow_are_sound_shell(path: Path) -> None:
    command = [Path(sys.executable).with_name("shellcheck"), "--shell=bash", "-"]
    for script in scripts(path):
        checked = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout


@each
def test_an_action_is_named_by_its_commit_and_its_version(path: Path) -> None:
    """A tag can be moved to other code; a commit cannot."""
    used = [line.partition("uses: ")[2] for line in path.read_text().splitlines() if "uses: " in line]
    assert [name for name in used if not PINNED.fullmatch(name)] == []


@each
def test_a_workflow_may_only_read_unless_a_job_says_otherwise(path: Path) -> None:
    permissions = re.search(r"^permissions:\n((?:  .+\n)+)", path.read_text(), re.MULTILINE)
    assert permissions
    granted = set(re.findall(r"^  ([\w-]+): write", permissions[1], re.MULTILINE))
    assert granted == set()


@each
def test_what_strangers_name_reaches_a_script_by_the_environment_alone(path: Path) -> None:
    """`${{ }}` in a script is pasted into it: a branch's name could end a quote and go on as a command."""
    assert scripts(path)
    assert [script for script in scripts(path) if "${{" in script] == []


@each
def test_the_one_secret_is_the_runs_own_token(path: Path) -> None:
    assert not SECRET.search(path.read_text())
