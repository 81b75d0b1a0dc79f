"""`wikiorder reproduce`: the group of commands that reproduce the paper's tables."""

from __future__ import annotations

import click

from harness.commands.lazy import LazyGroup

COMMANDS = {
    "table2": (
        "submissions.shared.commands.table2:table2",
        "Fine-tune and evaluate every model of Table 2, and compare with the paper.",
    ),
}


@click.group(cls=LazyGroup, table=COMMANDS, epilog="Example: wikiorder reproduce table2 --preset sample")
def reproduce() -> None:
    """Reproduce the paper's tables and compare with the published ones."""
