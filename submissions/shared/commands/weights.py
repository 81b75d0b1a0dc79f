"""`wikiorder weights`: the group of commands for pretrained checkpoints."""

from __future__ import annotations

import click

from harness.commands.lazy import LazyGroup

COMMANDS = {
    "fetch": ("submissions.shared.commands.fetch:fetch", "Download a pretrained checkpoint at its pinned version."),
    "lock": ("submissions.shared.commands.lock:lock", "Record the checksums of a downloaded checkpoint."),
}


@click.group(cls=LazyGroup, table=COMMANDS, epilog="Example: wikiorder weights fetch clip weights/clip")
def weights() -> None:
    """Download the pretrained checkpoints that fine-tuning starts from, and lock their checksums."""
