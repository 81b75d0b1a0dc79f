"""The recipe's commands: each in the module of its own name, a group's module holds its table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import InputError
from submissions.shared.settings import RecipeError


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
