"""`wikiorder leaderboard add`."""

from __future__ import annotations

from pathlib import Path

import click

from leaderboard.commands.leaderboard import FOLDER, results_option


@click.command(epilog="Example: wikiorder leaderboard add results/clip/wikiorder-v1-1.0-test/vision")
@click.argument("root", type=FOLDER, metavar="BUNDLE")
@results_option
@click.option("--new-set", is_flag=True, help="Open a table for a set that no row is on yet.")
@click.option("--replace", is_flag=True, help="Replace the bundle of the same run.")
def add(root: Path, results: Path, new_set: bool, replace: bool) -> None:
    """File BUNDLE in the record of the board.

    Refused is a bundle that is incomplete, not isolated, not signed by a key in `trusted_keys` beside RESULTS, on
    another set than the board's, or whose numbers do not follow from its counts.
    """
    from leaderboard import filing

    click.echo(f"filed: {filing.add(root, results, new_set, replace)}; now run `wikiorder leaderboard build`")
