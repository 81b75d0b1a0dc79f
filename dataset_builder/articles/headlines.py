"""Ordinal markers: words and numbers that give away a step's position, and their removal from headlines.

    "Step 3: Boil water."   "Schritt 3: ..."   "3. ..."   "③ ..."   "Finally, ..."   ->   "Boil water."

`scrub` removes the markers of one headline, in the twenty languages of `markers.toml` and as numbers of every script.
`scrub_article` also removes a number in any other wording, if it runs through the article as its steps do. "Repeat
step 2" is content and stays.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from harness.contract import decoding
from harness.contract.decoding import Record

TABLE = Path(__file__).with_name("markers.toml")
CLOSING = r":.)\]\u2013\u2014\u3001\uff1a\uff0e\uff09"  # characters that end a marker: two dashes, four full-width ones
COMMA = "[,:\uff0c\uff1a\u3001\u060c]"
NUMBER = r"(?:\d+(?:\.\d+)*[a-z]?|[ivx]+)"
SUFFIX = r"(?:st|nd|rd|th|ère|ere|er|ème|eme|e|º|ª|°|o|a|-?[йя]|\.)?"
KEYCAP = re.compile("([0-9#*])\ufe0f?\u20e3")
SHARE = 0.8  # of an article's headlines that must be numbered for the numbers to count as its steps'
LONGEST = 2000  # characters of a headline; a longer text is none, and stays as it is
LONGEST_PREFIX = 24  # characters before a number that runs through the article
LONGEST_BRACKET = 24  # of the signs between a headline and the number at its end


class LanguageMarkers(Record, frozen=True, kw_only=True):
    """The markers of one language: see the head of `markers.toml`."""

    nouns: list[str]
    numbers: list[str]
    ordinals: list[str]
    adverbs: list[str]
    alone: list[str]
    common: list[str]


@cache
def languages() -> dict[str, LanguageMarkers]:
    """Return the markers of each language, by its ISO 639-1 code."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: decoding.convert(LanguageMarkers, row, f"{TABLE}: [{name}]") for name, row in table.items()}


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))


@cache
def _markers() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of a marker at the start of a headline."""
    table = list(languages().values())
    noun = f"(?:{_any(word for row in table for word in row.nouns)})"
    number = f"(?:{NUMBER}|{_any(word for row in table for word in row.numbers)})"
    ordinal = f"(?:{_any(word for row in table for word in row.ordinals)})"
    comma = f"(?:{_any(word for row in table for word in [*row.adverbs, *row.ordinals])})"
    alone = f"(?:{_any(word for row in table for word in row.alone)})"
    of = r"(?:\s*(?:of|/|von|de|di|sur|van|из|z)\s*\d+)?"
    end = rf"\s*(?:[{CLOSING}-]+\s*|$)"
    spaceless = "(?:步骤|步驟|第|ステップ|手順|工程|ขั้นตอนที่|ขั้นที่|الخطوة|خطوة|مرحله|گام|चरण|단계)"
    patterns = [
        rf"[(\[]?{noun}\s*(?:no\.?|n°|n\.|nr\.?|№|number|#)?\s*{number}{of}{end}",
        rf"[(\[]?{noun}\s+{ordinal}{end}",
        rf"[(\[]?{ordinal}\s+{noun}{end}",
        rf"[(\[]?#?\d+{SUFFIX}\s*{noun}{of}{end}",
        r"step\s*\d+\s+",
        rf"{spaceless}\s*[0-9一二三四五六七八九十]+\s*(?:步|단계)?\s*{COMMA}?[.]?\s*",
        rf"\d+\s*단계\s*{COMMA}?\s*",
        rf"[(\[]?#?\d+(?:\.\d+)*\s*(?:/\s*\d+)?[{CLOSING}]+(?:\s+|$|(?=[^\W\d_a-z]))",
        r"[(\[](?:[a-h]|[ivx]{1,4})[.)\]]+\s*(?=\S)",
        r"(?:[a-h]|[ivx]{1,4})[)\]]+\s+(?=\S)",
        r"(?:i{2,3}|iv|vi{1,3}|ix|xi{1,3}|xi?v)\.\s+(?=\S)",
        rf"(?:{_any(word for row in table for word in row.numbers)})\s*[:)\]\u2013\u2014\uff1a]\s*",
        rf"{comma}\s*{COMMA}\s*",
        rf"(?:and\s+)?{alone}(?!\w)\s*{COMMA}?\s*",
        r"[0-9一二三四五六七八九十]+\s*、\s*",
        rf"(?:首先|其次|然后|然後|接着|接著|随后|隨後|最后|最後)\s*{COMMA}?\s*",
    ]
    return tuple(re.compile(pattern, re.I) for pattern in patterns)


@cache
def _tail() -> re.Pattern[str]:
    """Return the pattern of a marker at the end, such as "(step 3 of 9)" or "[3/9]"."""
    noun = f"(?:{_any(word for row in languages().values() for word in row.nouns)})"
    return re.compile(rf"\s*[(\[]\s*(?:{noun}\s*\d+(?:\s*(?:of|/)\s*\d+)?|\d+\s*(?:of|/)\s*\d+)\s*[)\]]\s*$", re.I)


def scrub(headline: str) -> str:
    """Return the headline without its ordinal markers; empty if it held nothing else."""
    if len(headline) > LONGEST:
        return headline
    text = start = spell_numbers(headline)
    while (shorter := _once(text)) != text:
        text = shorter
    return headline if text == start else _capital(text)


def scrub_article(headlines: Sequence[str], methods: Sequence[int]) -> list[str]:
    """Return the headlines of one article without ordinal markers.

    Args:
        methods: the method of each step; numbers may run through the article, or start again in each method.
    """
    texts = [scrub(headline) for headline in headlines]
    for find in (_leading_number, _trailing_number, _leading_letter):
        found = [find(spell_numbers(text)) if len(text) <= LONGEST else None for text in texts]
        if _runs([None if one is None else one[:2] for one in found], methods):
            texts = [text if one is None else _capital(one[2]) for text, one in zip(texts, found, strict=True)]
    return texts


NumberedText = tuple[str, int, str]  # the words around the number, the number, and the text without both


def _leading_number(text: str) -> NumberedText | None:
    match = re.match(rf"(\D{{0,{LONGEST_PREFIX}}}?)(\d{{1,3}})(?![\d.,]*\d)([^\w\s]*)\s*(.*)", text, re.S)
    return (match[1].casefold().strip(), int(match[2]), match[4]) if match else None


def _trailing_number(text: str) -> NumberedText | None:
    signs = rf"\s?[(\[#/\u2013\u2014-]{{0,{LONGEST_BRACKET}}}\s?"
    match = re.fullmatch(rf"(.*?\S)({signs})(\d{{1,3}})([)\].]*)", text, re.S)
    return (match[2].strip(), int(match[3]), match[1]) if match else None


def _leading_letter(text: str) -> NumberedText | None:
    match = re.match(r"([A-Za-z])\.\s+(.*)", text, re.S)
    return ("", ord(match[1].lower()) - ord("a") + 1, match[2]) if match else None


def _runs(found: Sequence[tuple[str, int] | None], methods: Sequence[int]) -> bool:
    """Return whether the numbers of an article, or of each of its methods, rise by one behind the same words."""
    held = [(place, *one) for place, one in enumerate(found) if one is not None]
    if len(held) < max(2, SHARE * len(found)) or len({words for _, words, _ in held}) > 1:
        return False

    def rises(places: Sequence[tuple[int, str, int]]) -> bool:
        return all(b[2] - a[2] == b[0] - a[0] for a, b in pairwise(places))

    by_method = [[one for one in held if methods[one[0]] == method] for method in dict.fromkeys(methods)]
    return rises(held) or (len(held) > len(by_method) and all(rises(places) for places in by_method))


def ordinal_ranks(text: str) -> tuple[int, int, int]:
    """Return the ranks that the start of a text may state: as an ordinal or number word, Roman number, and letter.

    "Second, boil" gives (2, 0, 0); "iv) boil" (0, 4, 0); "C. Boil" (0, 100, 3). 0 where there is none.
    """
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)?", text.casefold())[:2]
    spelt = next((rank for word in words if (rank := _ranks().get(word, 0))), 0)
    match = re.match(r"[(\[]?([a-z]+)[.)\]:]", text, re.I)
    first = match[1].casefold() if match else ""
    roman = _roman(first) if first else 0
    return spelt, roman, ord(first) - ord("a") + 1 if len(first) == 1 else 0


@cache
def _ranks() -> dict[str, int]:
    """Return the rank of each spelt-out number and ordinal of one word."""
    rows = [words for language in languages().values() for words in (language.ordinals, language.numbers)]
    return {word.casefold(): rank for words in rows for rank, word in enumerate(words[:10], 1) if " " not in word}


def _roman(text: str) -> int:
    """Return the value of a Roman number; 0 if it is none."""
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}.get(letter, 0) for letter in text]
    if not all(values):
        return 0
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _once(text: str) -> str:
    for marker in _markers():
        if match := marker.match(text):
            return text[match.end() :].lstrip()
    return _tail().sub("", text)


def _capital(text: str) -> str:
    text = text.lstrip(" -\u2013\u2014:.,")
    return text[:1].upper() + text[1:] if any(character.isalnum() for character in text) else ""


def spell_numbers(text: str) -> str:
    """Return the text with every digit as an ASCII digit, and keycaps, circled and Roman number signs as "3.".

    Runs of white space are collapsed, since the patterns of markers take cubic time over them.
    """
    if not text.isascii():
        text = "".join(map(_spell, KEYCAP.sub(r"\1. ", text))).replace(" .", ".")
    return " ".join(text.split())


def _spell(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.digit(character))
    if 0xFF01 <= ord(character) <= 0xFF5E:  # full-width forms of ASCII
        return chr(ord(character) - 0xFEE0)
    number = unicodedata.numeric(character, -1.0)
    if (
        unicodedata.category(character) in ("No", "Nl")
        and number >= 0
        and number.is_integer()
        and ord(character) > 0xFF
    ):
        return f"{int(number)}. "
    return character
