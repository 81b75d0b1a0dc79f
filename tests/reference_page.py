"""Writes the help of every command into docs/reference.md: `python -m tests.reference_page`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from harness.cli import wikiorder

DOCUMENT = Path(__file__).parent.parent / "docs/reference.md"
WIDTH = 100  # characters of a line, whatever the width of the terminal
HEAD = """\
# Every command

Written by `python -m tests.reference_page`; each section is the output of the command with `--help`.

Exit codes: 0 done; 1 the submission failed, or a check found a fault; 2 your input is wrong; 3 the machine, the
container engine or the harness failed; 4 an audit could not decide.
"""


def commands() -> Iterator[click.Context]:
    """Yield a context for every command and group, from `wikiorder` downwards, in the order of the help."""
    yield from _below(
        wikiorder, click.Context(wikiorder, info_name="wikiorder", terminal_width=WIDTH, **wikiorder.context_settings)
    )


def _below(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            held = command.get_command(context, name)
            assert held is not None
            yield from _below(held, click.Context(held, context, name, terminal_width=WIDTH))


def page() -> str:
    """Return the document."""
    pages = {context.command_path: context.get_help() for context in commands()}
    contents = "\n".join(f"* [`{path}`](#{path.replace(' ', '-')})" for path in pages)
    sections = "\n".join(f"## {path}\n\n```text\n{text}\n```\n" for path, text in pages.items())
    return f"{HEAD}\n{contents}\n\n{sections}"


if __name__ == "__main__":
    DOCUMENT.write_text(page(), encoding="utf-8")
