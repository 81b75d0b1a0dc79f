"""Titles reduced to what they are about, so that near-identical ones are equal."""

from __future__ import annotations

import re
import unicodedata

FILLING = {"a", "an", "and", "for", "how", "in", "of", "on", "or", "pictures", "steps", "the", "to", "with", "your"}


def essence(title: str) -> str:
    """The title's words in alphabetical order, without filling, case, punctuation and plural.

    "How to Tie a Bow Tie (with Pictures)" and "Tie Bow Ties" both give "bow tie tie".
    """
    text = unicodedata.normalize("NFKC", title).casefold()
    words = [word for word in re.findall(r"\w+", text) if word not in FILLING]
    return " ".join(sorted(_singular(word) for word in words))


def _singular(word: str) -> str:
    """Good enough to compare by: "ties" and "tie" agree, "glass" keeps its end."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
