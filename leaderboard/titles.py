"""Titles that a reader could mistake for each other get the name of their submission in brackets.

The comparison follows Unicode Technical Standard 39: two titles with the same skeleton look alike. The table of
confusable characters is that of the package `confusable_homoglyphs`, made from Unicode's confusables.txt.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

# Characters that are alike in many fonts after lower-casing, where Unicode's table decides by case or by font.
ALIKE = str.maketrans({"i": "l", "1": "l", "|": "l", "0": "o", "m": "rn", "w": "vv"})
HIDDEN = ("C", "M", "Z")  # general categories of control and format characters, combining marks, and spaces
BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters and symbols that show nothing
BRACKET = "]"


def skeleton(title: str) -> str:
    """Return a text that is equal for titles that look alike: without spaces, marks, case and invisible characters."""
    plain = unicodedata.normalize("NFKD", title)
    mapped = "".join(_prototype(character) for character in plain).casefold()
    shown = "".join(c for c in unicodedata.normalize("NFKD", mapped) if _is_shown(c))
    return "".join(_prototype(character) for character in shown).casefold().translate(ALIKE)


def told_apart(titles: Mapping[str, str]) -> dict[str, str]:
    """Return the title to show for each submission, by name: with its name in brackets where another looks alike.

    A title that ends in a bracket always gets its name, so that it cannot imitate one that was told apart.

    Args:
        titles: by the name of the submission.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for name, title in titles.items():
        alike[skeleton(title)].append(name)
    return {
        name: f"{title} [{name}]" if len(alike[skeleton(title)]) > 1 or _ends_in_bracket(title) else title
        for name, title in titles.items()
    }


def _ends_in_bracket(title: str) -> bool:
    return skeleton(title).endswith(BRACKET)


def _is_shown(character: str) -> bool:
    return character not in BLANK and not unicodedata.category(character).startswith(HIDDEN)


@cache
def _prototype(character: str) -> str:
    """Return the character or ASCII text that Unicode's table gives for a character; the character itself if none."""
    from confusable_homoglyphs.confusables import confusables_data

    if character.isascii():
        return character
    listed: list[str] = [entry["c"].replace("\u200e", "") for entry in confusables_data.get(character, ())]
    ascii_only = [text for text in listed if text and text.isascii()]
    return ascii_only[0] if ascii_only else min([character, *(text for text in listed if len(text) == 1)])
