"""Plain text from a crawl's text: entities decoded, tags, Markdown and invisible characters removed."""

from __future__ import annotations

import html
import re
import unicodedata

# Characters of category Cf that join letters into other letters, and so belong to the text (Arabic, Hindi, emoji).
JOINERS = "\u200c\u200d"
ROUNDS = 3  # crawls encode entities twice: &amp;quot;
LONG_ENTITY = re.compile(r"&#[0-9]{1000,};?")  # of no character; html.unescape raises from 4,300 digits on

INLINE = re.compile(r"</?(?:a|b|i|u|em|strong|span|code|tt|font|sup|sub|small|mark)\b[^<>]*>", re.I)
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
BLOCK = re.compile(r"<(!--|script\b|style\b)", re.I)
BLOCK_ENDS = {
    "!--": re.compile("-->"),
    "script": re.compile(r"</script\s{0,9}>", re.I),
    "style": re.compile(r"</style\s{0,9}>", re.I),
}
# Every run of characters is bounded, or ends where another could begin, so damaged text takes no longer.
MARKDOWN = (
    (re.compile(r"!\[[^\[\]]{0,500}\]\([^)]{0,2000}\)"), " "),  # pictures
    (re.compile(r"\[([^\[\]]{1,500})\]\((?:https?:|/|#|\.|mailto:)[^)]{0,2000}\)"), r"\1"),  # links
    (re.compile(r"\|?\s?:?(?<!-)-{3,}:?\s?(?:\||$)"), " "),  # the rule below the head of a table
    (re.compile(r"(?:^|\s)\|(?=\s)|(?<=\s)\|(?:$)"), " "),  # its cells
    (re.compile(r"(\*\*|__)(?=\S)((?:(?!\1).){1,500})(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]{1,500}?)(?<=[^\s*])\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<!`)`+([^`]+)`+"), r"\1"),
    (re.compile(r"^\s*#{1,6}\s+"), ""),
    (re.compile(r"^\s*[>*+•]\s+"), ""),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|<>-])"), r"\1"),
    (re.compile(r"\\(?=\s)"), ""),
)


def plain(text: str) -> str:
    """Return the text as a person reads it, on one line.

    `&quot;A&quot; <b>now</b>` becomes `"A" now`. Text without markup stays as it is.
    """
    for _ in range(ROUNDS):
        decoded = html.unescape(LONG_ENTITY.sub("\ufffd", text))
        shorter = TAG.sub(" ", INLINE.sub("", _without_blocks(decoded)))
        if shorter == text:
            break
        text = shorter
    text = " ".join(visible(text).split())
    for pattern, instead in MARKDOWN:
        text = pattern.sub(instead, text)
    return " ".join(text.split())


def _without_blocks(text: str) -> str:
    """Return the text without comments, scripts and style sheets; one that never ends stays."""
    kept: list[str] = []
    start, endless = 0, set()
    for opening in BLOCK.finditer(text):
        kind = opening[1].lower()
        if opening.start() < start or kind in endless:
            continue
        if ending := BLOCK_ENDS[kind].search(text, opening.end()):
            kept += text[start : opening.start()], " "
            start = ending.end()
        else:
            endless.add(kind)
    return "".join([*kept, text[start:]])


def visible(text: str) -> str:
    """Return the text without control and format characters; joiners stay between the letters that they join."""
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for place, character in enumerate(text):
        kind = unicodedata.category(character)
        if character.isspace():
            kept.append(" ")
        elif character in JOINERS:
            if 0 < place < len(text) - 1 and not (text[place - 1].isascii() or text[place + 1].isascii()):
                kept.append(character)
        elif kind not in ("Cf", "Cc", "Co", "Cn"):
            kept.append(character)
    return "".join(kept)
