"""`wikiorder weights lock`."""

from __future__ import annotations

from pathlib import Path

import click

from submissions.shared import published
from submissions.shared.commands import FOLDER, reported


@click.command(epilog="Example: wikiorder weights lock clip weights/clip")
@click.argument("baseline", type=click.Choice([*published.PUBLISHED]))
@click.argument("folder", type=FOLDER)
def lock(baseline: str, folder: Path) -> None:
    """Write the checksums of the published files of BASELINE in FOLDER into weights.lock.json.

    A checksum that is locked already is never changed.
    """
    with reported():
        locked = published.write_lock(baseline, folder)
    for name, digest in locked.items():
        click.echo(f"{digest}  {name}")
