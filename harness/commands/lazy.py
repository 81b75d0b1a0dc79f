"""A group of commands as a table, each loaded when it is called, so that `--help` loads none of the heavy libraries."""

from __future__ import annotations

import importlib
import signal
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import click

Table = Mapping[str, tuple[str, str]]  # name: ("package.module:command", its line in the help)


class LazyGroup(click.Group):
    """A group that imports a command when it is called."""

    def __init__(self, *arguments: Any, table: Table, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for; the error for an unknown one names those of a similar name."""
        if args[0] not in self.table and (near := get_close_matches(args[0], self.table)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {' or '.join(near)}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Ctrl-C ends it in one line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(
                "wikiorder: stopped. Give the same command again; `evaluate` goes on where it stopped.", err=True
            )
            ctx.exit(128 + signal.SIGINT)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])
