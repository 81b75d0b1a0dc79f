"""Pairs as people look at them (the paper's Fig. 1): title, two pictures, two headlines; a page and one picture."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image, ImageDraw

from dataset_builder.describe import lettering
from harness import keyed
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError

KEY = b"show"
TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
VERDICTS = {0: "out of order", 1: "in order"}

SIDE, GAP, PAD = 224, 16, 20  # pixels of the sheet: a picture's side, between things, around a card
CARD = 2 * SIDE + GAP + 2 * PAD
INK, FAINT, PAPER, LINE = "#1d2433", "#5f6b80", "#ffffff", "#d9dee8"
COLOURS = {0: "#b4472e", 1: "#2a7a4b"}
CUT = 3  # lines of a headline that fit


@dataclass(frozen=True, slots=True)
class Shown:
    """One pair, ready to look at. label: None on a blind page."""

    pair_id: str
    category: str
    title: str
    headlines: tuple[str, str]
    pictures: tuple[Path, Path]
    label: int | None

    @property
    def sources(self) -> list[str]:
        """The pictures as they stand inside a page."""
        return [
            f"data:{TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}" for path in self.pictures
        ]

    @property
    def verdict(self) -> str:
        return "" if self.label is None else VERDICTS[self.label]


def choose(frozen: FrozenSet, per_category: int, categories: Sequence[str] = (), blind: bool = False) -> list[Shown]:
    """So many pairs of each category, by keyed rank: the same ones every time."""
    known = list(frozen.manifest.counts)
    for category in categories:
        if category not in known:
            raise InputError(f"{category!r}: {frozen.title} has no such category; it has {', '.join(known)}")
    shown = [
        Shown(
            pair.pair_id,
            pair.category,
            pair.title,
            (pair.first.headline, pair.second.headline),
            (frozen.picture(pair.first), frozen.picture(pair.second)),
            None if blind else answer.label,
        )
        for pair, answer in zip(frozen.questions, frozen.truths, strict=True)
    ]
    ranked = keyed.order(shown, KEY, "pair", lambda one: one.pair_id)
    wanted = [name for name in known if not categories or name in categories]
    return [one for name in wanted for one in [one for one in ranked if one.category == name][:per_category]]


def page(template: str, **values: object) -> str:
    """One of this package's pages; whatever a stranger wrote is escaped."""
    loader = PackageLoader("dataset_builder.describe", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(template).render(**values)


def sheet(pairs: Sequence[Shown], across: int = 3) -> Image.Image:
    """All pairs on one picture, `across` cards in a row."""
    across = min(across, len(pairs))
    height = SIDE + 190
    rows = -(-len(pairs) // across)
    canvas = Image.new("RGB", (across * (CARD + GAP) + GAP, rows * (height + GAP) + GAP), "#eef1f6")
    for place, pair in enumerate(pairs):
        corner = (GAP + place % across * (CARD + GAP), GAP + place // across * (height + GAP))
        canvas.paste(_card(pair, height), corner)
    return canvas


def _card(pair: Shown, height: int) -> Image.Image:
    card = Image.new("RGB", (CARD, height), PAPER)
    pen = ImageDraw.Draw(card)
    pen.rectangle((0, 0, CARD - 1, height - 1), outline=LINE)
    pen.text((PAD, 14), pair.category, FAINT, lettering.plain(13))
    title, font = lettering.fit(pair.title, 17)
    pen.text((PAD, 34), lettering.lines(title, font, CARD - 2 * PAD, 1), INK, font)
    for place, (path, headline) in enumerate(zip(pair.pictures, pair.headlines, strict=True)):
        left = PAD + place * (SIDE + GAP)
        card.paste(_fitted(path), (left, 68))
        pen.rectangle((left, 68, left + SIDE - 1, 68 + SIDE - 1), outline=LINE)
        text, font = lettering.fit(headline, 15)
        pen.multiline_text((left, 80 + SIDE), lettering.lines(text, font, SIDE, CUT), INK, font, spacing=5)
    if pair.label is not None:
        pen.text((PAD, height - 30), pair.verdict, COLOURS[pair.label], lettering.plain(15))
    return card


def _fitted(path: Path) -> Image.Image:
    """The whole picture in a square; small ones are enlarged by whole steps, which keeps their pixels sharp."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    scale = min(SIDE / picture.width, SIDE / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    square = Image.new("RGB", (SIDE, SIDE), PAPER)
    square.paste(picture.resize(size, Image.Resampling.LANCZOS), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return square
