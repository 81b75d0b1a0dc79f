"""What the documents tell a reader to type exists, with those options; what they link to is there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from harness.cli import wikiorder

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "harness/PROTOCOL.md",
    "docs/pretrained.md",
    "submissions/template/README.md",
    ".github/pull_request_template.md",
)
COMMAND = re.compile(r"wikiorder ((?:[a-z-]+ ?)[^`\n#]*)")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    """Every command in code: a line of a block, or words between backticks."""
    blocks = re.findall(r"```sh\n(.*?)```|`(wikiorder [^`]*)`", text(name), re.DOTALL)
    return [match[1] for part in blocks for match in COMMAND.finditer(part[0] or part[1])]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_of_a_document_exists(name: str) -> None:
    for line in commands(name):
        command: click.Command = wikiorder
        words = line.split()
        context = click.Context(wikiorder)
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None, f"{name}: wikiorder {line}"
            command = found
        known = {option for parameter in command.params for option in parameter.opts}
        given = {word.split("=")[0] for word in words if word.startswith("--")}
        assert given <= known | {"--help"}, f"{name}: wikiorder {line}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_a_document_links_to_is_there(name: str) -> None:
    for target in LINK.findall(text(name)):
        assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}"
