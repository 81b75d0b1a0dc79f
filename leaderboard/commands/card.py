"""`wikiorder leaderboard card`."""

from __future__ import annotations

from pathlib import Path

import click

from leaderboard.commands.leaderboard import FOLDER


@click.command(epilog="Example: wikiorder leaderboard card results/clip/wikiorder-v1-1.0-test/vision")
@click.argument("root", type=FOLDER, metavar="BUNDLE")
def card(root: Path) -> None:
    """Print BUNDLE as `model-index` metadata, for the head of a Hugging Face model card."""
    from harness.contract import bundle
    from leaderboard import markdown

    click.echo(markdown.model_card(bundle.read(root)), nl=False)
