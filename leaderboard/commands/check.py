"""`wikiorder leaderboard check`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.errors import CheckError
from leaderboard.commands.leaderboard import out_option, results_option


@click.command(epilog="Example: wikiorder leaderboard check")
@results_option
@out_option
def check(results: Path, out: Path | None) -> None:
    """Show how the board differs from its bundles. Exit code 1 if it does.

    \f
    Raises:
        CheckError: the board differs.
    """
    from leaderboard import publishing

    drifted = []
    for path, content in publishing.render(results, out).items():
        lines = list(publishing.differences(path, content))
        drifted += [path.name] if lines else []
        for line in lines:
            click.echo(line)
    folder = out or publishing.site_folder(results)
    if drifted:
        raise CheckError(
            f"{folder}: {', '.join(drifted)} not what the bundles in {results} say; "
            "run `wikiorder leaderboard build` and commit the files that it writes"
        )
    click.echo(f"{folder}: up to date")
