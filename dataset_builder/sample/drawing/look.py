"""Keyed choices for a drawing: the same for the same article, picture and purpose, whatever was chosen before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness import keyed

Option = TypeVar("Option")
KEY = b"wikiorder-sample"


@dataclass(frozen=True, slots=True)
class Look:
    """How one picture looks, apart from what it shows.

    article, picture: identities; what is picked for the article holds in all its pictures.
    colour: the accent that the article's title names.
    """

    article: str
    picture: str
    colour: str

    def pick(self, purpose: str, options: Sequence[Option]) -> Option:
        """One option for the whole article."""
        return options[_number(purpose, self.article) % len(options)]

    def vary(self, purpose: str, reach: int) -> int:
        """A whole number from -reach to reach, for this picture alone."""
        return _number(purpose, self.article, self.picture) % (2 * reach + 1) - reach


def _number(purpose: str, *identity: str) -> int:
    return int.from_bytes(keyed.digest(KEY, purpose, *identity)[:8], "big")
