"""Measurements of a frozen picture: of its file and coding, and simple ones of its content."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from dataset_builder.pictures.stripping import UnusablePictureError, detect_format

THUMBNAIL = 8  # pixels a side
CHUNK = 64  # pictures sent to a worker at a time
DATE = 0x0132  # EXIF: time of the last change


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """One tuple of numbers per probe; a probe sees the differences between the two steps of a pair."""

    size: tuple[float, ...]  # log bytes, log bytes per pixel
    shape: tuple[float, ...]  # log width, log height
    coding: tuple[float, ...]  # format, colour mode, mean of each quantisation table, progressive
    palette: tuple[float, ...]  # number of colours; brightness of the first, of the last, and its trend
    metadata: tuple[float, ...]  # bytes that stripping would remove, EXIF date
    time: tuple[float, ...]  # modification time
    light: tuple[float, ...]  # mean and spread of brightness
    colour: tuple[float, ...]  # mean red, green, blue, saturation
    detail: tuple[float, ...]  # mean difference of neighbouring pixels
    thumbnail: tuple[float, ...]  # 8 x 8 grey pixels


def measure(root: Path, names: Iterable[str], workers: int = 1) -> dict[str, PictureFacts]:
    """Return the facts of each picture of the set in `root`, by name."""
    wanted = sorted(set(names))
    measure_one = partial(_facts, root)
    if workers == 1:
        return dict(zip(wanted, map(measure_one, wanted), strict=True))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        return dict(zip(wanted, processes.map(measure_one, wanted, chunksize=CHUNK), strict=True))


def _facts(root: Path, name: str) -> PictureFacts:
    from PIL import Image

    path = root / name
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        tables = getattr(image, "quantization", {})
        means = [float(np.mean(tables[number])) if number in tables else 0.0 for number in range(4)]
        coding = (_code(image.format), _code(image.mode), *means, float("progressive" in image.info))
        palette = _palette(image.getpalette("RGB") if image.mode == "P" else None)
        date = sum(float(part) / 1000**place for place, part in enumerate(_digits(image.getexif().get(DATE))))
        image.draft("RGB", (64, 64))
        small = np.asarray(image.convert("RGB").resize((64, 64), Image.Resampling.BOX), dtype=np.float64)
    grey = small.mean(axis=2)
    thumbnail = grey.reshape(THUMBNAIL, 64 // THUMBNAIL, THUMBNAIL, 64 // THUMBNAIL).mean(axis=(1, 3))
    return PictureFacts(
        size=(math.log(len(content)), math.log(len(content) / (width * height))),
        shape=(math.log(width), math.log(height)),
        coding=coding,
        palette=palette,
        metadata=(float(_spare(content)), date),
        time=(float(path.stat().st_mtime),),
        light=(float(grey.mean()), float(grey.std())),
        colour=(*small.mean(axis=(0, 1)).tolist(), float((small.max(axis=2) - small.min(axis=2)).mean())),
        detail=(float(np.abs(np.diff(grey, axis=0)).mean()), float(np.abs(np.diff(grey, axis=1)).mean())),
        thumbnail=tuple(thumbnail.ravel().tolist()),
    )


def _palette(entries: list[int] | None) -> tuple[float, ...]:
    """Return number, first, last and trend of a palette's brightnesses. entries: red, green, blue, ... in 0-255."""
    if not entries:
        return (0.0, 0.0, 0.0, 0.0)
    grey = np.array(entries, dtype=np.float64).reshape(-1, 3).mean(axis=1)
    steps = np.diff(grey)
    return float(len(grey)), float(grey[0]), float(grey[-1]), float(np.sign(steps).mean()) if len(steps) else 0.0


def _spare(content: bytes) -> int:
    """Return the number of bytes that stripping would remove."""
    try:
        return len(content) - len(detect_format(content).strip(content))
    except UnusablePictureError:
        return 0


def _digits(text: object) -> list[str]:
    return re.findall(r"\d+", str(text or ""))


def _code(name: str | None) -> float:
    """Return a fixed, arbitrary number for a name."""
    return float(sum(map(ord, name or "")) % 97)
