"""`wikiorder dataset`: the group of the commands that build, check and show frozen sets."""

from __future__ import annotations

import click

from harness.commands.lazy import LazyGroup

COMMANDS = {
    "inspect": ("dataset_builder.commands.inspect:inspect", "Look at a crawl before a build; start a spec from it."),
    "build": ("dataset_builder.commands.build:build", "Freeze train, validation and test sets from a raw crawl."),
    "verify": ("dataset_builder.commands.verify:verify", "Name every altered, missing or extra file."),
    "stats": ("dataset_builder.commands.stats:stats", "Table 1 of a build, beside the published one."),
    "audit": ("dataset_builder.commands.audit:audit", "Try to tell the order from what should not tell it."),
    "show": ("dataset_builder.commands.show:show", "Draw pairs as people see them, as a page and a picture."),
    "sheet": ("dataset_builder.commands.sheet:sheet", "Ask people blind, and score them as a row of the board."),
    "pack": ("dataset_builder.commands.pack:pack", "Put a set into one tar file with one digest."),
    "export": ("dataset_builder.commands.export:export", "Write a subset as Parquet, pictures included."),
    "sample": ("dataset_builder.commands.sample:sample", "Draw and freeze the calibrated sample that ships."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def dataset() -> None:
    """Build, verify and look at frozen sets."""
