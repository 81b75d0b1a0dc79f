"""The recipe's commands: each in the module of its own name, a group's module holds its table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from harness.errors import InputError
from submissions.shared.settings import PRESETS, RecipeError

FOLDER = click.Path(path_type=Path)
ABOVE_0 = click.FloatRange(0, min_open=True)

preset_option = click.option(
    "--preset", type=click.Choice([*PRESETS]), default="paper", show_default=True, help="Hyper-parameters."
)
cache_option = click.option(
    "--cache",
    type=FOLDER,
    default=Path("~/.cache/wikiorder/pictures"),
    show_default=True,
    help="Folder for decoded pictures.",
)
cache_gib_option = click.option(
    "--cache-gib", type=ABOVE_0, default=20.0, show_default=True, help="Size limit of the cache, in GiB."
)


@contextmanager
def reported() -> Iterator[None]:
    """Report an error of the recipe as an InputError, which the command line shows in one line.

    Raises:
        InputError: the block raised a RecipeError.
    """
    try:
        yield
    except RecipeError as error:
        raise InputError(str(error)) from None
