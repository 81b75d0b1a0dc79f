"""Ordinal markers: words at the start of a headline that give away a step's position, and their removal.

    "Step 3: Boil water."   "3. Boil water."   "Finally, boil water."   ->   "Boil water."

Only markers at the start are removed, and "(step 3 of 9)" at the end. "Repeat step 2" is content and stays.
"""

from __future__ import annotations

import re

NUMBER = r"(?:\d+(?:\.\d+)*[a-z]?|[ivx]+|one|two|three|four|five|six|seven|eight|nine|ten)"
NOUNS = r"(?:step|task|part|stage|phase|section|exercise|lesson|method|chapter|lab)"
CLOSING = r":.)\]\u2013\u2014"  # characters that end a marker; the last two are dashes
WITH_COMMA = (
    r"first(?: of all)?|second|third|fourth|fifth|sixth|last(?: of all)?|next|now|after that|afterwards?|later|"
    r"to (?:begin|start|finish|conclude)(?: with)?|in the end|at last|once (?:done|finished)"
)
ALONE = r"firstly|secondly|thirdly|fourthly|finally|lastly|then"  # adverbs of order, with or without a comma

MARKERS = (
    re.compile(rf"[(\[]?{NOUNS}\s*(?:no\.?|number|#)?\s*{NUMBER}(?:\s*(?:of|/)\s*\d+)?\s*(?:[{CLOSING}-]+\s*|$)", re.I),
    re.compile(r"step\s*\d+\s+", re.I),
    re.compile(rf"[(\[]?#?\d+(?:\.\d+)*\s*(?:/\s*\d+)?[{CLOSING}]+(?:\s+|$)"),
    re.compile(r"[(\[]?(?:[a-h]|[ivx]{1,4})[.)\]]+\s+(?=\S)", re.I),
    re.compile(rf"(?:{WITH_COMMA})\s*[,:]\s*", re.I),
    re.compile(rf"(?:and\s+)?(?:{ALONE})\b\s*[,:]?\s*", re.I),
    re.compile(r"(?:步骤|步驟|第)\s*[0-9一二三四五六七八九十]+\s*步?\s*[：:、.，,]?\s*"),  # noqa: RUF001 - Chinese
    re.compile(r"[0-9一二三四五六七八九十]+\s*、\s*"),
    re.compile(r"(?:首先|其次|然后|接着|随后|最后)\s*[，,：:]?\s*"),  # noqa: RUF001 - Chinese punctuation
)
TAIL = re.compile(rf"\s*[(\[]\s*{NOUNS}?\s*\d+\s*(?:(?:of|/)\s*\d+)?\s*[)\]]\s*$", re.I)


def scrub(headline: str) -> str:
    """Return the headline without its ordinal markers; empty if it held nothing else."""
    text = headline
    while (shorter := _once(text)) != text:
        text = shorter
    if text == headline:
        return headline
    return text[:1].upper() + text[1:] if any(character.isalnum() for character in text) else ""


def _once(text: str) -> str:
    for marker in MARKERS:
        if match := marker.match(text):
            return text[match.end() :].lstrip()
    return TAIL.sub("", text)
