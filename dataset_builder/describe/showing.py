"""Pairs as people see them (the paper's Fig. 1), on a page and on one picture: title, two pictures, two headlines.

Pillow brings a font with Latin letters alone. For other scripts, a font of the machine is used; if none has the
letters, a note replaces them, since empty boxes are not readable.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image, ImageDraw, ImageFont

from harness import keyed
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError

KEY = b"show"
TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
VERDICTS = {0: "out of order", 1: "in order"}

SIDE, GAP, PAD = 224, 16, 20  # pixels: a picture's side, between elements, around a card
CARD = 2 * SIDE + GAP + 2 * PAD
INK, FAINT, PAPER, LINE = "#1d2433", "#5f6b80", "#ffffff", "#d9dee8"
COLOURS = {0: "#b4472e", 1: "#2a7a4b"}
HEADLINE_LINES = 3  # that fit on a card

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

FONTS = (
    *("NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc"),  # Linux
    *("PingFang.ttc", "Arial Unicode.ttf", "msyh.ttc", "msgothic.ttc", "DejaVuSans.ttf"),  # macOS, Windows, all
)
ABSENT = "[letters that no font here has]"
TOKENS = re.compile(r"\s*(?:[\u2e80-\u9fff\uac00-\ud7af\uf900-\uffef]|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\uffef]+)")


@dataclass(frozen=True, slots=True)
class DisplayedPair:
    """One pair, ready to display. label: `None` on a blind page."""

    pair_id: str
    category: str
    title: str
    headlines: tuple[str, str]
    pictures: tuple[Path, Path]
    label: int | None

    @property
    def sources(self) -> list[str]:
        """The pictures as data URLs, for a page."""
        return [
            f"data:{TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}" for path in self.pictures
        ]

    @property
    def verdict(self) -> str:
        """The label in words; empty on a blind page."""
        return "" if self.label is None else VERDICTS[self.label]


def choose(
    frozen: FrozenSet, per_category: int, categories: Sequence[str] = (), blind: bool = False
) -> list[DisplayedPair]:
    """Return `per_category` pairs of each category, by keyed rank: the same ones every time.

    Raises:
        InputError: the set has no such category.
    """
    known = list(frozen.manifest.counts)
    for category in categories:
        if category not in known:
            raise InputError(f"{category!r}: {frozen.title} has no such category; it has {', '.join(known)}")
    shown = [
        DisplayedPair(
            pair.pair_id,
            pair.category,
            pair.title,
            (pair.first.headline, pair.second.headline),
            (frozen.picture(pair.first), frozen.picture(pair.second)),
            None if blind else truth.label,
        )
        for pair, truth in zip(frozen.questions, frozen.truths, strict=True)
    ]
    ranked = keyed.order(shown, KEY, "pair", lambda one: one.pair_id)
    wanted = [name for name in known if not categories or name in categories]
    return [one for name in wanted for one in [one for one in ranked if one.category == name][:per_category]]


def page(template: str, **values: object) -> str:
    """Render one of this package's templates; all values are escaped."""
    loader = PackageLoader("dataset_builder.describe", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(template).render(**values)


def draw_cards(pairs: Sequence[DisplayedPair], across: int = 3) -> Image.Image:
    """Draw all pairs on one picture, `across` cards in a row."""
    across = min(across, len(pairs))
    height = SIDE + 190
    rows = -(-len(pairs) // across)
    canvas = Image.new("RGB", (across * (CARD + GAP) + GAP, rows * (height + GAP) + GAP), "#eef1f6")
    for place, pair in enumerate(pairs):
        corner = (GAP + place % across * (CARD + GAP), GAP + place // across * (height + GAP))
        canvas.paste(_card(pair, height), corner)
    return canvas


def _card(pair: DisplayedPair, height: int) -> Image.Image:
    card = Image.new("RGB", (CARD, height), PAPER)
    pen = ImageDraw.Draw(card)
    pen.rectangle((0, 0, CARD - 1, height - 1), outline=LINE)
    pen.text((PAD, 14), pair.category, FAINT, latin_font(13))
    title, font = fit_text(pair.title, 17)
    pen.text((PAD, 34), break_lines(title, font, CARD - 2 * PAD, 1), INK, font)
    for place, (path, headline) in enumerate(zip(pair.pictures, pair.headlines, strict=True)):
        left = PAD + place * (SIDE + GAP)
        card.paste(_in_square(path), (left, 68))
        pen.rectangle((left, 68, left + SIDE - 1, 68 + SIDE - 1), outline=LINE)
        text, font = fit_text(headline, 15)
        pen.multiline_text((left, 80 + SIDE), break_lines(text, font, SIDE, HEADLINE_LINES), INK, font, spacing=5)
    if pair.label is not None:
        pen.text((PAD, height - 30), pair.verdict, COLOURS[pair.label], latin_font(15))
    return card


def _in_square(path: Path) -> Image.Image:
    """Return the whole picture, scaled to fit into a square."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    scale = min(SIDE / picture.width, SIDE / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    square = Image.new("RGB", (SIDE, SIDE), PAPER)
    square.paste(picture.resize(size, Image.Resampling.LANCZOS), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return square


@lru_cache
def latin_font(size: int) -> Font:
    """Return Pillow's own font, which has Latin letters only."""
    return ImageFont.load_default(size)


@lru_cache
def installed_fonts(size: int) -> tuple[Font, ...]:
    """Return the fonts on this machine that have more letters."""
    found: list[Font] = []
    for name in FONTS:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return tuple(found)


def fit_text(text: str, size: int) -> tuple[str, Font]:
    """Return the text and a font that has all of its letters; without such a font, `ABSENT` in place of the text."""
    for font in (latin_font(size), *installed_fonts(size)):
        if has_letters(font, text):
            return text, font
    return ABSENT, latin_font(size)


def has_letters(font: Font, text: str) -> bool:
    """Return whether each letter is drawn differently from a character that no font has."""
    nothing = bytes(font.getmask("\uffff"))
    return all(bytes(font.getmask(letter)) != nothing for letter in set(text) if not letter.isspace())


def break_lines(text: str, font: Font, width: int, count: int) -> str:
    """Return the text in at most `count` lines of at most `width` pixels; an ellipsis marks text that is cut."""
    found = [""]
    for token in TOKENS.findall(text.rstrip()):
        if len(found) > count:
            break
        if found[-1] and font.getlength(found[-1] + token) > width:
            found.append("")
        found[-1] = (found[-1] + token).lstrip() if not found[-1] else found[-1] + token
        while len(found) <= count and len(found[-1]) > 1 and font.getlength(found[-1]) > width:  # longer than a line
            long = found.pop()
            end = next(n for n in range(1, len(long)) if font.getlength(long[: n + 1]) > width)
            found += [long[:end], long[end:]]
    if len(found) > count:
        last = found[count - 1]
        while last and font.getlength(last + "…") > width:
            last = last[:-1]
        found = [*found[: count - 1], last.rstrip() + "…"]
    return "\n".join(found)
