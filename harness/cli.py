"""The `wikiorder` command: a table of commands, each imported when it is called."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import click

from harness import __version__
from harness.commands.lazy import LazyGroup
from harness.errors import InfrastructureError, WikiOrderError

# name: (module and function of the command, its line in the help). Naming a package here does not import it;
# this table is the only place where the harness knows of the builder, the board and the recipe.
COMMANDS = {
    "evaluate": ("harness.commands.evaluate:evaluate", "Run a submission in a sandbox and score its predictions."),
    "dataset": ("dataset_builder.commands.dataset:dataset", "Build, verify and inspect frozen sets."),
    "verify": ("harness.commands.verify:verify", "Derive a result's digests and numbers again, offline."),
    "submission": ("harness.commands.submission:submission", "Make a submission from the template, and check it."),
    "sign": ("harness.commands.sign:sign", "Sign a result with a key."),
    "rerun": ("harness.commands.rerun:rerun", "Ask a random sample of a finished run again."),
    "rescore": ("harness.commands.rescore:rescore", "Score stored predictions again, without a model."),
    "analyze": ("harness.commands.analyze:analyze", "Report on results: tables, figures, modality gap, cases."),
    "publish": ("harness.commands.publish:publish", "Make the public bundle of a result on a hidden set."),
    "compare": ("harness.commands.compare:compare", "Test whether one result is better than another."),
    "finetune": ("submissions.shared.commands.finetune:finetune", "Fine-tune a baseline on a frozen train set."),
    "reproduce": ("submissions.shared.commands.reproduce:reproduce", "Reproduce the paper's tables."),
    "weights": ("submissions.shared.commands.weights:weights", "Fetch and verify pretrained checkpoints."),
    "doctor": ("harness.commands.doctor:doctor", "Check this machine: engine, images, GPU, disk."),
    "leaderboard": ("leaderboard.commands.leaderboard:leaderboard", "Regenerate the board from result bundles."),
}


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wikiorder")
def wikiorder() -> None:
    """Which of two steps of a how-to article comes first?

    WikiOrder builds frozen sets of such questions, runs submissions in sandboxes, scores them and ranks them.

    \b
    wikiorder evaluate submissions/coin
    wikiorder dataset build --spec open-howto --raw RAW --out DIR
    wikiorder leaderboard build
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run the command. A known error is shown in one line; `errors.py` lists the exit codes."""
    try:
        return wikiorder.main(args=arguments, prog_name="wikiorder", standalone_mode=True)
    except WikiOrderError as error:
        click.echo(f"wikiorder: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:  # a full disk, a folder that may not be read: the machine's word, on one line
        click.echo(f"wikiorder: {error.filename or 'the system'}: {error.strerror or error}", err=True)
        sys.exit(InfrastructureError.exit_code)
