"""Channels through which the order of steps can leak: in texts, in files, in names and in rows.

`python -m tests.dataset_builder.audit.channels 10` prints the fate of each: removed by a build, or found by the audit,
with the detection power: of how many crawls with that channel the audit fails the build. docs/data.md has the table.
"""

from __future__ import annotations

import io
import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from dataset_builder.articles.headlines import languages, scrub_article
from dataset_builder.articles.plain import plain
from dataset_builder.audit.verdict import Audit, audit, load
from dataset_builder.build import BuildRequest, build
from dataset_builder.pictures.stripping import detect_format
from tests.dataset_builder.crawls import crawl, spec

ARTICLES, STEPS, SIDE = 60, 5, 40
SPEC = spec(categories='"Cooking" = { train = 200, validation = 20, test = 200 }')
WORDS = [a + b for a in ("bo", "ka", "ri", "su", "te", "mu") for b in ("lan", "dor", "vip", "sek", "nol")]
LETTERS = "ABCDE"
ROMANS = ("I", "II", "III", "IV", "V")
JAPANESE = "一二三四五"

Marker = Callable[[int, str], str]  # place from 0, headline: headline with the channel
Painter = Callable[[int, Image.Image], bytes]  # place from 0, picture: file with the channel


def _language(noun: str) -> Marker:
    return lambda place, text: f"{noun.capitalize()} {place + 1}: {text}"


def _digits(zero: int) -> Marker:
    return lambda place, text: f"{chr(zero + place + 1)}. {text}"


TEXTS: dict[str, Marker] = {
    **{f"step noun ({name})": _language(row.nouns[0]) for name, row in languages().items() if name != "zh"},
    "step noun (zh)": lambda place, text: f"第{JAPANESE[place]}步：{text}",  # noqa: RUF001 - Chinese punctuation
    "noun after number (ko)": lambda place, text: f"{place + 1}단계 {text}",
    "ordinal words (de)": lambda place, text: f"{languages()['de'].ordinals[place].capitalize()} Schritt: {text}",
    "ordinal words (en)": lambda place, text: f"{languages()['en'].ordinals[place].capitalize()}, {text}",
    "number words (en)": lambda place, text: f"{languages()['en'].numbers[place].capitalize()}: {text}",
    "keycap": lambda place, text: f"{place + 1}\ufe0f\u20e3 {text}",
    "circled number": lambda place, text: f"{chr(0x2460 + place)} {text}",
    "negative circled number": lambda place, text: f"{chr(0x2776 + place)} {text}",
    "parenthesised number": lambda place, text: f"{chr(0x2474 + place)} {text}",
    "Roman number sign": lambda place, text: f"{chr(0x2160 + place)} {text}",
    "Roman number in letters": lambda place, text: f"{ROMANS[place]}) {text}",
    "full-width digits": _digits(0xFF10),
    "Arabic-Indic digits": _digits(0x0660),
    "Persian digits": _digits(0x06F0),
    "Devanagari digits": _digits(0x0966),
    "Bengali digits": _digits(0x09E6),
    "Thai digits": _digits(0x0E50),
    "zero-width space and step": lambda place, text: f"\u200bStep {place + 1}: {text}",
    "soft hyphen inside step": lambda place, text: f"St\u00adep {place + 1}: {text}",
    "number of zero-width spaces": lambda place, text: "\u200b" * place + text,
    "number of spaces": lambda place, text: text + " " * place,
    "HTML tag and step": lambda place, text: f"<b>Step {place + 1}:</b> {text}",
    "HTML attribute": lambda place, text: f'<span data-step="{place + 1}">{text}</span>',
    "HTML entity": lambda place, text: f"&#83;tep&nbsp;{place + 1}: {text}",
    "Markdown heading": lambda place, text: f"### Step {place + 1}: {text}",
    "letter and full stop": lambda place, text: f"{LETTERS[place]}. {text}",
    "letter in brackets": lambda place, text: f"({LETTERS[place].lower()}) {text}",
    "number alone in front": lambda place, text: f"{place + 1} {text}",
    "number in brackets behind": lambda place, text: f"{text} ({place + 1})",
    "share behind": lambda place, text: f"{text} ({place + 1}/{STEPS})",
    "unknown language": lambda place, text: f"Bosqich {place + 1}: {text}",
    "word of a fixed list": lambda place, text: f"{('Alfa', 'Bravo', 'Charlie', 'Delta', 'Echo')[place]} {text}",
    "length of the headline": lambda place, text: text + " very" * place,
    "final word": lambda place, text: f"{text} {('red', 'green', 'blue', 'white', 'black')[place]}",
}


def _save(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def _exif(tag: int, text: str) -> Image.Exif:
    exif = Image.Exif()
    exif[tag] = text
    return exif


def _icc(place: int, image: Image.Image) -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return _save(image, icc_profile=profile + bytes([place]) * 8)


def _png_text(place: int, image: Image.Image) -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", f"step {place}")
    return _save(image, "PNG", pnginfo=notes)


def _palette(place: int, image: Image.Image) -> bytes:
    """Save the same pixels with a palette sorted by brightness: upwards in later steps, else downwards."""
    paletted = image.quantize(8)
    colours = np.array(paletted.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
    order = np.argsort(colours.astype(int).sum(axis=1) * (1 if place > 2 else -1), kind="stable")
    shuffled = paletted.remap_palette([int(one) for one in order])
    return _save(shuffled, "PNG")


PICTURES: dict[str, Painter] = {
    "EXIF date": lambda place, image: _save(image, exif=_exif(0x0132, f"2020:01:01 12:{place:02}:00")),
    "EXIF description": lambda place, image: _save(image, exif=_exif(0x010E, f"step {place}")),
    "EXIF orientation tag's neighbour": lambda place, image: _save(image, exif=_exif(0x0131, "x" * (place + 1))),
    "ICC profile": _icc,
    "JPEG comment": lambda place, image: _save(image, comment=f"step {place}".encode()),
    "bytes behind the picture": lambda place, image: _save(image) + b"\x00" * (place + 1),
    "PNG text": _png_text,
    "picture's size": lambda place, image: _save(image.resize((SIDE + place, SIDE))),
    "JPEG quality": lambda place, image: _save(image, quality=95 - 8 * place),
    "progressive JPEG": lambda place, image: _save(image, progressive=place > 2),
    "chroma subsampling": lambda place, image: _save(image, subsampling=2 if place > 2 else 0),
    "file format": lambda place, image: _save(image, "PNG" if place > 2 else "JPEG"),
    "PNG compression": lambda place, image: _save(image, "PNG", compress_level=2 * place),
    "palette order": _palette,
}
NAMES = ("file name", "modification time", "article id and row order")  # in every crawl of `write`


def headlines(article: int) -> list[str]:
    """Return headlines that say nothing about their order."""
    draw = random.Random(article)
    return [" ".join(draw.sample(WORDS, 4)).capitalize() + "." for _ in range(STEPS)]


def removed_from_text(mark: Marker) -> bool:
    """Return whether a build takes the channel out of the headlines of every article."""
    for number in range(ARTICLES):
        clean = headlines(number)
        marked = [plain(mark(place, text)) for place, text in enumerate(clean)]
        if [text.casefold() for text in scrub_article(marked, [0] * STEPS)] != [text.casefold() for text in clean]:
            return False
    return True


def write(folder: Path, mark: Marker | None = None, paint: Painter | None = None, draw: int = 0) -> Path:
    """Write a crawl with one channel in its texts or pictures, and with the order in names, times and rows.

    Args:
        draw: another number gives other headlines and pictures.
    """
    rows = []
    for number in range(ARTICLES * draw, ARTICLES * (draw + 1)):
        steps = []
        for place, text in enumerate(headlines(number)):
            name = f"pictures/{number:03}-step-{place}.jpg"
            pixels = np.random.default_rng([number, place * 7919 % 101]).bytes(48)
            image = Image.frombytes("RGB", (4, 4), pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(paint(place, image) if paint else _save(image))
            os.utime(path, (0, 1_600_000_000 + 60 * place))
            steps.append({"headline": mark(place, text) if mark else text, "image": name})
        rows.append({"id": f"a{number:03}", "title": f"Make {number}", "category": "Cooking", "steps": steps})
    return crawl(folder, rows)


def audited(folder: Path, mark: Marker | None = None, paint: Painter | None = None, draw: int = 0) -> Audit:
    """Return the audit of a build with one channel."""
    build(BuildRequest(SPEC, write(folder / "raw", mark, paint, draw), folder / "out", workers=1))
    return audit(load(folder / "out"), workers=1)


def removed_from_file(paint: Painter) -> bool:
    """Return whether stripping makes files of the same pixels the same, whatever their channel says."""
    for number in range(5):
        image = Image.frombytes("RGB", (4, 4), np.random.default_rng(number).bytes(48)).resize((SIDE, SIDE))
        contents = [paint(place, image) for place in range(STEPS)]
        if len({detect_format(content).strip(content) for content in contents}) > 1:
            return False
    return True


def false_alarms(builds: int) -> int:
    """Return how many of some clean builds, each of a crawl drawn anew, the audit fails."""
    return sum(bool(_firing(None, None, draw)) for draw in range(builds))


def _firing(mark: Marker | None, paint: Painter | None, draw: int) -> list[str]:
    """Return the probes that fail the build of one crawl."""
    with TemporaryDirectory() as folder:
        found = audited(Path(folder), mark, paint, draw)
    return [result.probe.name for result in found.results if result.fires]


def main(draws: int) -> None:
    """Print one line per channel. draws: crawls per channel that is not removed."""
    kinds = [("text", name, mark, None) for name, mark in TEXTS.items()]
    kinds += [("file", name, None, paint) for name, paint in PICTURES.items()]
    for kind, name, mark, paint in kinds:
        if (mark and removed_from_text(mark)) or (paint and removed_from_file(paint)):
            sys.stdout.write(f"| {kind} | {name} | removed | |\n")
            continue
        fires = [_firing(mark, paint, draw) for draw in range(draws)]
        probes = Counter(probe for found in fires for probe in found)
        named = ", ".join(probe for probe, _ in probes.most_common(2))
        sys.stdout.write(f"| {kind} | {name} | fails {sum(map(bool, fires))} of {draws} | {named} |\n")
        sys.stdout.flush()
    for name in NAMES:
        sys.stdout.write(f"| name | {name} | removed | |\n")
    sys.stdout.write(f"\n{false_alarms(draws)} of {draws} clean builds fail\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1)
