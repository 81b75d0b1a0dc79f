"""`wikiorder leaderboard build`."""

from __future__ import annotations

from pathlib import Path

import click

from leaderboard.commands.leaderboard import out_option, results_option


@click.command(epilog="Example: wikiorder leaderboard build --results results --out results")
@results_option
@out_option
def build(results: Path, out: Path | None) -> None:
    """Write LEADERBOARD.md, index.html and leaderboard.json: the same bytes for the same bundles, on any machine.

    Without options, it reads the repository's record and writes `leaderboard/site/`. A board with `trusted_keys` also
    writes its headline tables into the README.md of the project, between the board's markers.
    """
    from harness.contract import files
    from leaderboard import publishing

    for path, content in publishing.render(results, out).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, content.encode())
    click.echo(f"board: {(out or publishing.site_folder(results)) / 'index.html'}")
