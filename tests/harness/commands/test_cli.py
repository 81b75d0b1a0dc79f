"""The command's own manners: quick help, one line for a mistake."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from harness.cli import COMMANDS, wikiorder
from harness.commands.lazy import LazyGroup

HEAVY = ("torch", "docker", "pandas", "matplotlib", "numpy", "PIL", "jsonschema", "sklearn", "scipy", "jinja2", "tqdm")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    """The words of every command and group below this one."""
    yield before
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield (*before, name)


@pytest.mark.parametrize("words", [[*words, "--help"] for words in commands(wikiorder)], ids=" ".join)
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
    assert "No such command 'evalute'. Did you mean evaluate?" in done.stderr


@click.command()
def interrupted() -> None:
    raise KeyboardInterrupt


def test_ctrl_c_ends_a_command_in_one_line() -> None:
    group = LazyGroup(table={"wait": (f"{__name__}:interrupted", "Wait.")})
    done = CliRunner().invoke(group, ["wait"])
    assert done.exit_code == 130
    assert done.output == "wikiorder: stopped. Give the same command again; `evaluate` goes on where it stopped.\n"
