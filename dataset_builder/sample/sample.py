"""The calibrated sample: drawn how-to articles whose best possible accuracy is known.

Every article is of one kind, which says where the order of its steps shows: in its pictures and its headlines alike
(`both`), in one of them (`text`, `vision`), or nowhere (`neither`). What does not tell the order is drawn by a keyed
hash that knows nothing of positions: tips instead of stages, things that lie about instead of a scene that advances.
With the kinds equally frequent, the best expected accuracy is 0.75 from text, 0.75 from vision and 0.875 from both.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dataset_builder.sample.drawing import living, making
from dataset_builder.sample.drawing.canvas import Canvas, Pixel, blend, pixels
from dataset_builder.sample.drawing.look import KEY, Look
from dataset_builder.sample.drawing.png import encode
from dataset_builder.sample.drawing.props import PROPS
from harness import keyed
from harness.contract import files

KINDS = ("both", "text", "vision", "neither")
STEPS = 5
COLOURS = 32  # in the palette that the pictures of one article share
WORDS = Path(__file__).parent / "drawing/headlines.toml"

Backdrop = Callable[[Canvas, Look], None]
Scene = Callable[[Canvas, Look, int], None]
SCENES: dict[str, tuple[Backdrop, Scene]] = {
    "Hobbies and Crafts": (making.craft_room, making.scarf),
    "Arts and Entertainment": (making.studio, making.painting),
    "Computers and Electronics": (making.workshop, making.robot),
    "Education and Communication": (making.classroom, making.blackboard),
    "Family Life": (making.playroom, making.tower),
    "Health": (living.kitchen, living.smoothie),
    "Home and Garden": (living.garden, living.plant),
    "Personal Care and Style": (living.salon, living.nails),
    "Philosophy and Religion": (living.shrine, living.candles),
    "Travel": (living.sea, living.journey),
}


@dataclass(frozen=True, slots=True)
class Article:
    """An article before it is drawn: what its title names, and where its order shows."""

    category: str
    title: str
    kind: str
    thing: str
    colour: str
    name: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        return keyed.token(KEY, "article", self.category, self.title, *self.name)


def draw(raw: Path, name: str = "") -> None:
    """Write the raw articles, as the source `articles` reads them, and their pictures into the folder `raw`.

    name: of the draw. Another name makes every choice anew: kinds, headlines, pictures. The one that ships has none.
    """
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    (raw / "pictures").mkdir(parents=True, exist_ok=True)
    lines = []
    for article in articles(words, name):
        names = [f"pictures/{article.identity}-{step}.png" for step in range(STEPS)]
        for name, content in zip(names, pictures(article, words["colours"][article.colour]), strict=True):
            (raw / name).write_bytes(content)
        steps = zip(headlines(article, words), names, strict=True)
        lines.append(
            {
                "id": article.identity,
                "title": article.title,
                "category": article.category,
                "strata": {"kind": article.kind},
                "steps": [{"headline": headline, "image": name, "method": 0} for headline, name in steps],
            }
        )
    (raw / "articles.jsonl").write_text("".join(map(files.json_line, lines)), encoding="utf-8")


def articles(words: dict[str, Any], name: str = "") -> Iterator[Article]:
    """Every title of every category once; in each category, the kinds equally often."""
    own = (name,) if name else ()
    for category in SCENES:
        pattern, things = words[category]["title"], words[category]["things"]
        titles = [(pattern.format(colour=c, thing=t), t, c) for t in things for c in words["colours"]]
        ranked = keyed.order(titles, KEY, " ".join(("kind", category, *own)), lambda row: row[0])
        for place, (title, thing, colour) in enumerate(ranked):
            yield Article(category, title, KINDS[place % len(KINDS)], thing, colour, own)


def headlines(article: Article, words: dict[str, Any]) -> list[str]:
    """One headline a step: of its stage where the text tells the order, else a tip that could stand anywhere."""
    own = words[article.category]
    if article.kind in ("both", "text"):
        chosen = [keyed.order(options, KEY, f"stage {article.identity}", str)[0] for options in own["stages"]]
    else:
        chosen = keyed.order(own["tips"] + words["tips"], KEY, f"tips {article.identity}", str)[:STEPS]
    return [text.format(thing=article.thing, colour=article.colour.lower()) for text in chosen]


def pictures(article: Article, colour: str) -> list[bytes]:
    """One PNG file a step, all of one size and with one palette."""
    backdrop, scene = SCENES[article.category]
    props = keyed.order(PROPS, KEY, f"props {article.identity}", lambda prop: prop.__name__)
    canvases = []
    for step in range(STEPS):
        look = Look(article.identity, str(step), colour)
        canvas = Canvas("#ffffff")
        backdrop(canvas, look)
        if article.kind in ("both", "vision"):
            scene(canvas, look, step)
        else:
            props[step](canvas, 64 + look.vary("x", 10), 70 + look.vary("y", 6), look)
        canvases.append(canvas)
    return _encode(canvases)


def _encode(canvases: Sequence[Canvas]) -> list[bytes]:
    """The pictures with the colours that they use most; a rarer edge takes the first of its two colours."""
    drawn = [pixels(canvas) for canvas in canvases]
    counts: Counter[Pixel] = Counter()
    for codes, table in drawn:
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
            counts[table[code]] += int(count)
    ranked = sorted(counts, key=lambda pixel: (-counts[pixel], pixel))
    whole = [pixel for pixel in ranked if pixel[0] == pixel[1]]
    palette = (whole + [pixel for pixel in ranked if pixel[0] != pixel[1]])[:COLOURS]
    place = {pixel: index for index, pixel in enumerate(palette)}
    lookups = [
        np.array([place.get(pixel, place.get((pixel[0], pixel[0]), 0)) for pixel in table], np.uint8)
        for _, table in drawn
    ]
    return encode(
        [lookup[codes] for lookup, (codes, _) in zip(lookups, drawn, strict=True)], [blend(p) for p in palette]
    )
