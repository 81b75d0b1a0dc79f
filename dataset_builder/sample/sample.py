"""The calibrated sample: drawn how-to articles whose best possible accuracy is known.

Every article is of one kind, which states where the order of its steps is visible: in pictures and headlines alike
(`both`), in one of them (`text`, `vision`), or nowhere (`neither`). Elsewhere, headlines are tips instead of stages and
pictures show unrelated things instead of a scene that advances; a keyed hash chooses them independently of positions.
With the kinds equally frequent, the best expected accuracy is 0.75 from text, 0.75 from vision and 0.875 from both.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count as numbers
from pathlib import Path

import numpy as np

from dataset_builder.sample.drawing import living, making
from dataset_builder.sample.drawing.canvas import KEY, Canvas, Look, Pixel, blend, pixels
from dataset_builder.sample.drawing.png import encode
from dataset_builder.sample.drawing.props import PROPS
from dataset_builder.sources.own import MARKER, OwnArticle, OwnStep
from harness import keyed
from harness.contract import decoding
from harness.contract.decoding import Record

KINDS = ("both", "text", "vision", "neither")
STEPS = 5
COLOURS = 32  # in the palette that the pictures of one article share
CUES, TAILS, TIPS, COLOUR_NAMES, THINGS = 4, 6, 12, 6, 10  # words of a fresh draw; as many titles as in the sample
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"  # of made-up names
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


class CategoryWords(Record, frozen=True, kw_only=True):
    """The words of one category. title: with {colour} and {thing} to fill in. stages: headline options by stage."""

    title: str
    things: list[str]
    stages: list[list[str]]
    tips: list[str]


class SampleWords(Record, frozen=True, kw_only=True):
    """The words of a draw. colours: an accent colour ("#rrggbb") by name. tips: headlines of every category."""

    tips: list[str]
    colours: dict[str, str]
    categories: dict[str, CategoryWords]


class FreshCategory(Record, frozen=True, kw_only=True):
    """One category of fresh draws. title: with {colour} and {thing}. object: in every headline of a stage."""

    title: str
    object: str


class FreshWords(Record, frozen=True, kw_only=True):
    """The words that fresh draws choose from. cues: verbs by stage. tails: ends of headlines that tell no stage."""

    cues: list[list[str]]
    tails: list[str]
    tips: list[str]
    colours: dict[str, str]
    categories: dict[str, FreshCategory]


class WordTables(Record, frozen=True, kw_only=True):
    """The file of words: those of the shipped sample, and those that fresh draws choose from."""

    sample: SampleWords
    fresh: FreshWords


@dataclass(frozen=True, slots=True)
class DrawnArticle:
    """An article before it is drawn: thing and colour of its title, and its kind. name: of the draw, if it has one."""

    category: str
    title: str
    kind: str
    thing: str
    colour: str
    name: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """The id of the article."""
        return keyed.token(KEY, "article", self.category, self.title, *self.name)


def draw(raw: Path, words: SampleWords, name: str = "") -> None:
    """Write the raw articles, in the layout of the source `articles`, and their pictures into the folder `raw`.

    Args:
        name: of the draw. Another name changes every choice: kinds, headlines, pictures. The shipped draw has none.
    """
    (raw / "pictures").mkdir(parents=True, exist_ok=True)
    lines = []
    for article in articles(words, name):
        names = [f"pictures/{article.identity}-{step}.png" for step in range(STEPS)]
        for file, content in zip(names, pictures(article, words.colours[article.colour]), strict=True):
            (raw / file).write_bytes(content)
        steps = zip(headlines(article, words), names, strict=True)
        lines.append(
            OwnArticle(
                id=article.identity,
                title=article.title,
                category=article.category,
                strata={"kind": article.kind},
                steps=[OwnStep(headline=headline, image=file) for headline, file in steps],
            )
        )
    (raw / MARKER).write_text("".join(map(decoding.json_line, lines)), encoding="utf-8")


def read_words() -> SampleWords:
    """Return the words of the shipped sample."""
    return _read_tables().sample


def fresh_words(name: str) -> SampleWords:
    """Return the words of a fresh draw. But for function words, none is in the shipped sample.

    Two draws share some of their words by chance; the names in their titles are made up for each.
    """
    fresh = _read_tables().fresh

    def some(items: Iterable[str], count: int, purpose: str) -> list[str]:
        return keyed.order(items, KEY, f"fresh {purpose} {name}", str)[:count]

    cues = [some(options, CUES, "cues") for options in fresh.cues]
    tails = some(fresh.tails, TAILS, "tails")
    return SampleWords(
        tips=some(fresh.tips, TIPS, "tips"),
        colours={colour: fresh.colours[colour] for colour in some(fresh.colours, COLOUR_NAMES, "colours")},
        categories={
            category: CategoryWords(
                title=row.title,
                things=_made_up_names(name, category),
                stages=[[f"{cue} the {row.object} {tail}." for cue in options for tail in tails] for options in cues],
                tips=[],
            )
            for category, row in fresh.categories.items()
        },
    )


def _made_up_names(name: str, category: str) -> list[str]:
    """Return names of three syllables, such as "Velora"."""
    found: dict[str, None] = {}
    for number in numbers():
        drawn = keyed.digest(KEY, "made-up name", name, category, number)
        syllables = [
            CONSONANTS[drawn[2 * n] % len(CONSONANTS)] + VOWELS[drawn[2 * n + 1] % len(VOWELS)] for n in (0, 1, 2)
        ]
        found["".join(syllables).capitalize()] = None
        if len(found) == THINGS:
            break
    return list(found)


def _read_tables() -> WordTables:
    """Return the file of words. In it, the categories of the sample stand beside `tips` and `colours`."""
    table = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    fresh = table.pop("fresh")
    general = {name: table.pop(name) for name in ("tips", "colours")}
    return decoding.convert(WordTables, {"sample": general | {"categories": table}, "fresh": fresh}, str(WORDS))


def articles(words: SampleWords, name: str = "") -> Iterator[DrawnArticle]:
    """Yield every title of every category once; in each category, the kinds are equally frequent."""
    own = (name,) if name else ()
    for category in SCENES:
        inside = words.categories[category]
        titles = [(inside.title.format(colour=c, thing=t), t, c) for t in inside.things for c in words.colours]
        ranked = keyed.order(titles, KEY, " ".join(("kind", category, *own)), lambda row: row[0])
        for place, (title, thing, colour) in enumerate(ranked):
            yield DrawnArticle(category, title, KINDS[place % len(KINDS)], thing, colour, own)


def headlines(article: DrawnArticle, words: SampleWords) -> list[str]:
    """Return one headline per step: of its stage if the text shows the order, else a tip that fits any step."""
    own = words.categories[article.category]
    if article.kind in ("both", "text"):
        chosen = [keyed.order(options, KEY, f"stage {article.identity}", str)[0] for options in own.stages]
    else:
        chosen = keyed.order(own.tips + words.tips, KEY, f"tips {article.identity}", str)[:STEPS]
    return [text.format(thing=article.thing, colour=article.colour.lower()) for text in chosen]


def pictures(article: DrawnArticle, colour: str) -> list[bytes]:
    """Return one PNG file per step, all of one size and with one palette."""
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
    """Encode the pictures with their most frequent colours; an edge outside the palette takes its first colour."""
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
