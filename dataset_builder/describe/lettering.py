"""Text on a picture: in a font that has its letters, and broken where the line is full.

Pillow brings a font with Latin letters alone. For others a font of the machine is taken, by name; where there is none
the letters are replaced by a word that says so, since boxes say nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

WIDER = (
    *("NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc"),  # Linux
    *("PingFang.ttc", "Arial Unicode.ttf", "msyh.ttc", "msgothic.ttc", "DejaVuSans.ttf"),  # macOS, Windows, all
)
ABSENT = "[letters that no font here has]"
TOKENS = re.compile(r"\s*(?:[\u2e80-\u9fff\uac00-\ud7af\uf900-\uffef]|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\uffef]+)")


@lru_cache
def plain(size: int) -> Font:
    return ImageFont.load_default(size)


@lru_cache
def wider(size: int) -> tuple[Font, ...]:
    """The fonts of this machine with more letters."""
    found: list[Font] = []
    for name in WIDER:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return tuple(found)


def fit(text: str, size: int) -> tuple[str, Font]:
    """The text, and a font that has all of its letters; or what is said in its place."""
    for font in (plain(size), *wider(size)):
        if has(font, text):
            return text, font
    return ABSENT, plain(size)


def has(font: Font, text: str) -> bool:
    """Whether each letter looks otherwise than one that no font has."""
    nothing = bytes(font.getmask("\uffff"))
    return all(bytes(font.getmask(letter)) != nothing for letter in set(text) if not letter.isspace())


def lines(text: str, font: Font, width: int, count: int) -> str:
    """The text broken into at most `count` lines of so many pixels, with a mark where it goes on."""
    found = [""]
    for token in TOKENS.findall(text):
        if found[-1] and font.getlength(found[-1] + token) > width:
            found.append("")
        found[-1] = (found[-1] + token).lstrip() if not found[-1] else found[-1] + token
        while font.getlength(found[-1]) > width:  # a word longer than a line
            long = found.pop()
            end = next(n for n in range(len(long), 0, -1) if n == 1 or font.getlength(long[:n]) <= width)
            found += [long[:end], long[end:]]
    if len(found) > count:
        last = found[count - 1]
        while last and font.getlength(last + "…") > width:
            last = last[:-1]
        found = [*found[: count - 1], last.rstrip() + "…"]
    return "\n".join(found)
