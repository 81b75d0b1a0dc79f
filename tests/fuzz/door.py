"""What a door is: how a valid file is made, and the road that its content goes.

A door reads as its command does, and goes on to where the content is used: what is read and then cannot be scored,
ranked or written is as bad as what cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.contract.frozen_set import FrozenSet
from tests.sets import tiny_set

BYTES, TOKENS, VALUES = "bytes", "tokens", "values"
TEXT, JSON = (BYTES, TOKENS), (BYTES, TOKENS, VALUES)


@dataclass(frozen=True)
class Door:
    """file: what is damaged, below the folder that `make` fills. read: from the folder to where the content ends."""

    name: str
    file: str
    damage: tuple[str, ...]
    make: Callable[[Path], None]
    read: Callable[[Path], object]


def small_set(folder: Path) -> FrozenSet:
    return tiny_set(folder, articles=4, pairs_per_article=2)


MANIFEST = """\
name = "coin"
title = "Coin"
kind = "control"
authors = ["A. Author"]
licence = "Apache-2.0"
paper = "https://example.org"
parameters = 0
modalities = ["vision+text", "vision", "text"]
command = ["python3", "predict.py"]
training_data = ["none"]

[image]
dockerfile = "Dockerfile"

[resources]
gpu = false
memory_gib = 0.5
batch = 16
"""


def make_submission(folder: Path) -> None:
    (folder / "submission.toml").write_text(MANIFEST, encoding="utf-8")
