"""`wikiorder weights`: the published checkpoints, fetched and locked."""

from __future__ import annotations

from pathlib import Path

import click

from harness.records import InputError
from submissions.recipe import published
from submissions.recipe.errors import RecipeError

BASELINE = click.argument("baseline", type=click.Choice([*published.PUBLISHED]))
FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.group()
def weights() -> None:
    """Fetch and lock the published checkpoints that fine-tuning starts from."""


@weights.command()
@BASELINE
@FOLDER
def fetch(baseline: str, folder: Path) -> None:
    """Download a baseline's published checkpoint into FOLDER, at the pinned revision.

    \b
    wikiorder weights fetch clip CLIP
    """
    try:
        published.fetch(baseline, folder, published.from_hub)
    except RecipeError as error:
        raise InputError(str(error)) from None
    click.echo(f"{folder}: start from it with `wikiorder finetune submissions/{baseline} --weights {folder}`")


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
