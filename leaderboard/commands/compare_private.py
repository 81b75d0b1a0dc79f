"""`wikiorder leaderboard compare-private`."""

from __future__ import annotations

from pathlib import Path

import click

from leaderboard.commands.leaderboard import FOLDER, results_option


@click.command("compare-private", epilog="Example: wikiorder leaderboard compare-private private --key signing.pem")
@click.argument("private", type=FOLDER, metavar="PRIVATE")
@results_option
@click.option("--key", "signing_key", required=True, type=FOLDER, help="The ed25519 key that signs the verdicts.")
def compare_private(private: Path, results: Path, signing_key: Path) -> None:
    """Rank the rows of hidden sets from their private bundles in PRIVATE, and write only the verdicts.

    For each hidden set a signed file in `verdicts/` beside RESULTS holds rank interval, group and released score of
    each row. `wikiorder leaderboard build` shows them.
    """
    from leaderboard import private as comparison

    for path in comparison.compare(private, results, signing_key):
        click.echo(f"{path}: written and signed")
