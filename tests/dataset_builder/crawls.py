"""Tiny raw crawls in the builder's own layout, drawn in milliseconds."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from dataset_builder import spec as specs

SIDE = 32


def picture(seed: str, side: int = SIDE, form: str = "PNG") -> bytes:
    """A picture of 4 x 4 coloured fields; another seed is another picture."""
    colours = random.Random(seed).randbytes(4 * 4 * 3)
    stream = io.BytesIO()
    Image.frombytes("RGB", (4, 4), colours).resize((side, side), Image.Resampling.NEAREST).save(stream, form)
    return stream.getvalue()


def article(number: int, steps: int = 5, category: str = "Cooking", **more: Any) -> dict[str, Any]:
    """An article as a line of articles.jsonl holds it; its pictures are `pictures/<number>-<step>.png`."""
    name = f"a{number:03}"
    rows = [
        {"headline": f"Do thing {chr(97 + i)} of {name}.", "image": f"pictures/{name}-{i}.png"} for i in range(steps)
    ]
    return {"id": name, "title": f"How to Finish {name}", "category": category, "steps": rows, **more}


def crawl(folder: Path, articles: Sequence[dict[str, Any]]) -> Path:
    """Write a raw folder that holds these articles and every picture they name."""
    folder.mkdir(parents=True, exist_ok=True)
    for row in articles:
        for step in row["steps"]:
            path = folder / step["image"]
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(picture(step["image"]))
    write_lines(folder, articles)
    return folder


def write_lines(folder: Path, articles: Sequence[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in articles)
    (folder / "articles.jsonl").write_text(text, encoding="utf-8")


def spec(text: str = "", categories: str = '"Cooking" = { train = 20, validation = 6, test = 6 }') -> specs.Spec:
    """A small spec; `text` is more of its TOML."""
    head = 'name = "small"\nversion = "1"\nseed = "small"\n'
    body = text if "[articles]" in text else f"[articles]\nmin_side = {SIDE}\n{text}"
    return specs.parse(f"{head}{body}\n[categories]\n{categories}\n", "small.toml")
