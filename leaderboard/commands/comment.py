"""`wikiorder leaderboard comment`."""

from __future__ import annotations

from pathlib import Path

import click

from leaderboard.commands.leaderboard import FOLDER


@click.command(epilog="Example: wikiorder leaderboard comment build/rehearsal")
@click.argument("folder", type=FOLDER, metavar="FOLDER")
def comment(folder: Path) -> None:
    """Print the comment on a pull request for the result files below FOLDER, which a stranger's code may have written.

    The comment holds numbers, names of a fixed pattern and words of a fixed vocabulary.
    """
    from leaderboard import rehearsal

    click.echo(rehearsal.comment(folder), nl=False)
