"""The `wikiorder` command: a table of commands, each loaded when it is called."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from harness import __version__
from harness.commands.lazy import LazyGroup
from harness.errors import WikiOrderError

# name: (where the command lives, its line in the help). Naming a package here is not importing it:
# this table is the only place where the harness knows of the builder, the board and the recipe.
COMMANDS = {
    "evaluate": ("harness.commands.evaluate:evaluate", "Run a submission in a sandbox and score its answers."),
    "dataset": ("dataset_builder.commands.dataset:dataset", "Build, verify and look at frozen sets."),
    "verify": ("harness.commands.verify:verify", "Re-derive a result's digests and numbers, offline."),
    "submission": ("harness.commands.submission:submission", "Begin a submission, and rehearse it."),
    "sign": ("harness.commands.sign:sign", "Vouch for a result with a key."),
    "rerun": ("harness.commands.rerun:rerun", "Ask a random part of a finished run again."),
    "rescore": ("harness.commands.rescore:rescore", "Score stored answers anew, without a model."),
    "analyze": ("harness.commands.analyze:analyze", "Report on results: tables, figures, modality gap, cases."),
    "publish": ("harness.commands.publish:publish", "Make the public bundle of a hidden set's result."),
    "compare": ("harness.commands.compare:compare", "Is one result better than another on the same set?"),
    "finetune": ("submissions.shared.commands.finetune:finetune", "Fine-tune a baseline on a frozen train set."),
    "reproduce": ("submissions.shared.commands.reproduce:reproduce", "Make the paper's tables anew."),
    "weights": ("submissions.shared.commands.weights:weights", "Fetch and lock the published checkpoints."),
    "doctor": ("harness.commands.doctor:doctor", "Say what is here, and how to get what is not."),
    "leaderboard": ("leaderboard.commands.leaderboard:leaderboard", "Regenerate the board from result bundles."),
}


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
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
