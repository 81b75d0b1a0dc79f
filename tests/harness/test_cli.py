"""The command's own manners: quick help, one line for a mistake."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from harness.cli import COMMANDS, wikiorder
from harness.commands.doctor import LOOKS, doctor

HEAVY = ("torch", "docker", "pandas", "matplotlib", "numpy", "PIL", "jsonschema", "sklearn", "scipy")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["--help"], ["evaluate", "--help"]])
def test_help_loads_none_of_the_heavy_libraries(words: list[str]) -> None:
    code = (
        f"import sys; from harness.cli import wikiorder; wikiorder.main({words}, standalone_mode=False); "
        f"print(sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    done = run("-c", code)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_of_the_table_is_there_and_shows_help(name: str) -> None:
    done = CliRunner().invoke(wikiorder, [name, "--help"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "Usage:" in done.output


def test_an_unknown_command_is_the_users_mistake() -> None:
    done = run("-m", "harness", "evalute")
    assert done.returncode == 2
    assert "No such command 'evalute'" in done.stderr


def test_the_doctor_names_everything_and_advises_on_what_is_missing() -> None:
    done = CliRunner().invoke(doctor, catch_exceptions=False)
    assert done.exit_code == 0
    for name in LOOKS:
        assert name in done.output
    for line in done.output.splitlines():
        assert not line.startswith("none") or "->" in line
