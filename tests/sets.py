"""Tiny frozen sets for tests: drawn pictures, known answers, made in milliseconds.

Every step tells its place by its headline's verb and by its picture (a bar that grows), so a model can learn the order.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from PIL import Image, ImageDraw

from harness import keyed
from harness.contract import frozen_set
from harness.records import GroundTruth, Step, StepPair

KEY = b"tiny"
VERBS = ("Gather", "Measure", "Mix", "Bake", "Serve")  # one step each; five steps make ten pairs
DISHES = ("bread", "soup", "cake", "pasta", "salad", "stew")
SIDE = 48  # pixels


def tiny_set(
    folder: Path,
    subset: str = "test",
    articles: int = 8,
    pairs_per_article: int = 3,
    categories: Sequence[str] = ("Alpha", "Beta"),
) -> frozen_set.FrozenSet:
    """Freeze `folder/subset` and load it. Categories take turns; every second pair of each is inverted."""
    root = folder / subset
    root.mkdir(parents=True)
    rows = [row for number in range(articles) for row in _article(root, number, categories, pairs_per_article)]
    counts = {name: sum(pair.category == name for pair, _ in rows) for name in categories}
    manifest = frozen_set.Manifest("tiny", "1.0", subset, "public", counts)
    frozen_set.freeze(root, manifest, keyed.order(rows, KEY, "row", lambda row: row[0].pair_id))
    return frozen_set.load(root)


def _article(root: Path, number: int, categories: Sequence[str], pairs: int) -> Iterator[tuple[StepPair, GroundTruth]]:
    """The pairs of the article with this number in the set, in article order."""
    name, dish = f"{root.name}-{number}", DISHES[number % len(DISHES)]
    rank, category_number = divmod(number, len(categories))
    steps = [
        Step(f"{verb} the {dish}.", frozen_set.store_picture(root, _picture(name, place), ".png"))
        for place, verb in enumerate(VERBS)
    ]
    chosen = keyed.order(combinations(range(len(VERBS)), 2), KEY, "pair", lambda places: f"{name} {places}")[:pairs]
    for index, places in enumerate(chosen):
        inverted = (rank * pairs + index) % 2 == 1
        first, second = reversed(places) if inverted else places
        pair_id = keyed.token(KEY, "pair id", name, index)
        pair = StepPair(
            pair_id,
            categories[category_number],
            f"How to Make {dish.title()} No. {number}",
            steps[first],
            steps[second],
        )
        yield pair, GroundTruth(pair_id, int(not inverted), f"article-{name}", (first, second), {})


def _picture(name: str, place: int) -> bytes:
    """A PNG: on the article's own colour, a white bar as long as the step is late."""
    colour = tuple(64 + value // 2 for value in hashlib.sha256(name.encode()).digest()[:3])
    image = Image.new("RGB", (SIDE, SIDE), colour)
    end = SIDE * (place + 1) // (len(VERBS) + 1)
    ImageDraw.Draw(image).rectangle((0, SIDE // 3, end, 2 * SIDE // 3), fill="white")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
