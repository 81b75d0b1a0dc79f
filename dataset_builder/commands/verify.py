"""`wikiorder dataset verify`: name every altered, missing or extra file of a build or set."""

from __future__ import annotations

from pathlib import Path

import click

from harness.contract import checksums, frozen_set
from harness.errors import CheckError


@click.command(epilog="Example: wikiorder dataset verify sets/open-howto/test")
@click.argument("folder", type=click.Path(path_type=Path))
def verify(folder: Path) -> None:
    """Name every altered, missing or extra file of a build, or of one of its subsets.

    Exit code 1 if there is any.

    \f
    Raises:
        CheckError: a file is not as it was frozen.
        InputError: a manifest is of a format that this version does not read.
    """
    digest, problems = checksums.verify(folder)
    for problem in problems:
        click.echo(problem)
    if problems:
        raise CheckError(f"{folder}: {len(problems)} files are not as they were frozen; fetch or build it again")
    for root in (folder, *(folder / subset for subset in frozen_set.SUBSETS)):
        if (root / "manifest.json").is_file():
            frozen_set.read_manifest(root)
    click.echo(f"{folder}: whole  sha256:{digest}")
