"""Probes: cheap models that each predict the label from one property of a pair.

*Artefact* probes use properties that must not reveal the order: how a file is stored, the position of a row. They gate
a release. *Content* probes use simple properties of pictures and text: they measure shortcuts, and fail an audit only
if one of them tells almost every order, as a printed number would (`verdict.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_builder.articles.headlines import ordinal_ranks, scrub, spell_numbers
from dataset_builder.articles.plain import plain
from dataset_builder.audit.facts import PictureFacts
from harness.records import Modality, Step, StepPair

if TYPE_CHECKING:
    from numpy.typing import NDArray

HASHED = 2**16  # columns of a bag of words
EDGE = 16  # characters at each end of a headline


@dataclass(frozen=True, slots=True)
class ProbeInput:
    """Some rows of a set. rows: the position of each in the set; total: the number of rows of the set."""

    questions: Sequence[StepPair]
    rows: Sequence[int]
    total: int
    facts: Mapping[str, PictureFacts]


Features = Callable[[ProbeInput], Any]  # returns an array or a sparse matrix (pairs, features)


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe. name: in the table. sees: its features, in words. gates: whether a release depends on it."""

    name: str
    sees: str
    gates: bool
    features: Features
    modality: Modality = Modality.VISION_TEXT


def _signed(differences: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Return the differences and their signs, so that an order that shows in the sign alone is found too."""
    values = np.array(differences, dtype=np.float64)
    return np.hstack([values, np.sign(values)])


def _of_facts(field: str) -> Features:
    """Return a function of the differences in one field of `PictureFacts`."""

    def features(data: ProbeInput) -> NDArray[np.float64]:
        of = {name: np.array(getattr(facts, field)) for name, facts in data.facts.items()}
        return _signed([of[pair.first.image] - of[pair.second.image] for pair in data.questions])

    return features


def _of_steps(measure: Callable[[Step], Sequence[float]]) -> Features:
    """Return a function of the differences in a measurement of steps."""

    def features(data: ProbeInput) -> NDArray[np.float64]:
        rows = [(measure(pair.first), measure(pair.second)) for pair in data.questions]
        return _signed([[a - b for a, b in zip(*row, strict=True)] for row in rows])

    return features


def _numbers(text: str) -> list[float]:
    return [float(digits) for digits in re.findall(r"\d{1,15}", text)]


def _name(step: Step) -> list[float]:
    """Return the picture's name as one number, and the last number in it."""
    stem = step.image.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return [float(int.from_bytes(stem.encode()[:6].ljust(6, b"\x00"))), ([0.0, *_numbers(stem)])[-1]]


def _row(data: ProbeInput) -> NDArray[np.float64]:
    """Return the row's position in the set, from 0 to 1, and its remainders."""
    rows = np.array(data.rows)
    return np.stack([rows / data.total, rows % 2, rows % 3, rows % 4 // 2, rows < data.total // 2], axis=1)


def _pair_id(data: ProbeInput) -> NDArray[np.float64]:
    """Return the id's characters, and the sign of the difference of its last two numbers."""
    table = []
    for pair in data.questions:
        *_, before, last = [0.0, 0.0, *_numbers(pair.pair_id)]
        codes = list(pair.pair_id.encode()[:16].ljust(16, b"\x00"))
        table.append([*codes, np.sign(before - last)])
    return np.array(table, dtype=np.float64)


def _length(step: Step) -> list[float]:
    return [float(len(step.headline)), float(len(step.headline.split()))]


def _ordinals(step: Step) -> list[float]:
    """Return whether the headline has an ordinal marker, its first and last number, and ranks of its first words."""
    text = spell_numbers(plain(step.headline))
    numbers = _numbers(text)
    hidden = sum(unicodedata.category(character) in ("Cf", "Cc", "Co") for character in step.headline)
    spaces = len(step.headline) - len(step.headline.rstrip())
    return [
        float(scrub(step.headline) != step.headline),
        ([*numbers, 0.0])[0],
        ([0.0, *numbers])[-1],
        *map(float, ordinal_ranks(text)),
        float(hidden),
        float(spaces),
    ]


def _edges(data: ProbeInput) -> Any:
    """Return the characters at both ends of the headlines, and their pairs and triples, as differences."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(n_features=HASHED, alternate_sign=False, analyzer="char", ngram_range=(1, 4), norm=None)

    def of(texts: Sequence[str]) -> Any:
        return hashing.transform([f"\x02{text[:EDGE]}\x03{text[-EDGE:]}\x04" for text in texts])

    return of([pair.first.headline for pair in data.questions]) - of([pair.second.headline for pair in data.questions])


def _bag(texts: Sequence[str]) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(n_features=HASHED, alternate_sign=False, ngram_range=(1, 2)).transform(texts)


def _words(data: ProbeInput) -> Any:
    first = _bag([pair.first.headline for pair in data.questions])
    return first - _bag([pair.second.headline for pair in data.questions])


def _title(data: ProbeInput) -> Any:
    return _bag([pair.title for pair in data.questions])


PROBES = (
    Probe("file size", "bytes, and bytes a pixel", True, _of_facts("size")),
    Probe("dimensions", "width and height", True, _of_facts("shape")),
    Probe("coding", "format, colour mode, quantisation tables", True, _of_facts("coding")),
    Probe("palette", "number and order of a palette's colours", True, _of_facts("palette")),
    Probe("metadata", "bytes that stripping would remove, EXIF date", True, _of_facts("metadata")),
    Probe("file time", "modification time", True, _of_facts("time")),
    Probe("file name", "the picture's name, as text and as numbers", True, _of_steps(_name)),
    Probe("row", "position of the row in the set", True, _row),
    Probe("pair id", "the id's characters and numbers", True, _pair_id),
    Probe("brightness", "mean and spread of brightness", False, _of_facts("light"), Modality.VISION),
    Probe("colour", "mean colour and saturation", False, _of_facts("colour"), Modality.VISION),
    Probe("detail", "how much neighbouring pixels differ", False, _of_facts("detail"), Modality.VISION),
    Probe("thumbnail", "8 x 8 grey pixels", False, _of_facts("thumbnail"), Modality.VISION),
    Probe("headline length", "characters and words", False, _of_steps(_length), Modality.TEXT),
    Probe(
        "ordinal words",
        "'Step 3', 'Finally', numbers and letters, in any language",
        False,
        _of_steps(_ordinals),
        Modality.TEXT,
    ),
    Probe("headline edges", "characters at both ends of the headlines", False, _edges, Modality.TEXT),
    Probe("headline words", "words and word pairs of both headlines", False, _words, Modality.TEXT),
    Probe("title only", "words of the title, nothing of the steps", False, _title, Modality.TEXT),
)
