"""The `wikiorder` command: a table of commands, each loaded when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from harness import __version__
from harness.records import WikiOrderError

# name: (where the command lives, its line in the help). Naming a package here is not importing it:
# this table is the only place where the harness knows of the builder, the board and the recipe.
COMMANDS = {
    "evaluate": ("harness.commands.evaluate:evaluate", "Run a submission in a sandbox and score its answers."),
    "dataset": ("dataset_builder.commands:dataset", "Build, verify and look at frozen sets."),
    "verify": ("harness.commands.verify:verify", "Re-derive a result's digests and numbers, offline."),
    "rescore": ("harness.commands.rescore:rescore", "Score stored answers anew, without a model."),
    "compare": ("harness.commands.compare:compare", "Is one result better than another on the same set?"),
    "finetune": ("submissions.recipe.command:finetune", "Fine-tune a baseline on a frozen train set."),
    "doctor": ("harness.commands.doctor:doctor", "Say what is here, and how to get what is not."),
    "leaderboard": ("leaderboard.commands:leaderboard", "Regenerate the board from result bundles."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called, so that `--help` loads none of the heavy libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wikiorder")
def wikiorder() -> None:
    """Which of two steps of a how-to article comes first?

    WikiOrder builds frozen sets of such questions, asks submissions in sandboxes, scores them and ranks them.

    \b
    wikiorder evaluate submissions/coin
    wikiorder dataset build --spec open-howto --raw RAW --out DIR
    wikiorder leaderboard build
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run the command; say a known error in one line; exit 2 for the user's mistake, 1 for a failed run."""
    try:
        return wikiorder.main(args=arguments, prog_name="wikiorder", standalone_mode=True)
    except WikiOrderError as error:
        click.echo(f"wikiorder: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:  # a full disk, a folder that may not be read: the machine's word, on one line
        click.echo(f"wikiorder: {error.filename or 'the system'}: {error.strerror or error}", err=True)
        sys.exit(1)
