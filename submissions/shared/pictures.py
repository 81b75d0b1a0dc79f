"""Decoded pictures, their cache on disk for training, and the cache of a frozen encoder's vectors.

A picture is decoded, resized and cropped as each checkpoint's own processor says, to 8 bits. The model itself scales it
to the encoder's mean and spread, on its own device.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from submissions.shared.settings import RecipeError

GEOMETRY = ("size", "crop_size", "resample", "do_resize", "do_center_crop", "default_to_square")
ENCODED_AT_ONCE = 16  # pictures
VECTORS_KEPT = 100_000  # 150 MB at 384 dimensions

PixelArray = npt.NDArray[np.uint8]


def read_picture(path: Path | str, processor: Any) -> PixelArray:
    """Return a picture as uint8 (3, H, W), RGB.

    Args:
        processor: an image processor of transformers, which decides the size and the resampling.

    Raises:
        RecipeError: the file cannot be read as a picture.
    """
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise RecipeError(f"{path}: not a picture that can be read ({error}); replace the file") from None
    batch = processor([picture], do_rescale=False, do_normalize=False, return_tensors="np")
    pixels: PixelArray = batch["pixel_values"][0]
    return pixels


def read_pictures(paths: Sequence[tuple[str, str]], processor: Any) -> PixelArray:
    """Return the pictures of pairs as uint8 (pairs, 2, 3, H, W); axis 1 is first, second."""
    return np.stack([np.stack([read_picture(path, processor) for path in pair]) for pair in paths])


@dataclass(frozen=True)
class PictureCache:
    """Decoded pictures in memory-mapped files, shared by epochs, modalities and runs.

    A picture's name is the hash of its content, so the key of a file is made of the names and the processor's geometry
    and does not depend on the set's folder. The files take at most `limit` bytes together; the least recently used ones
    are deleted first. At 384 pixels, the paper's data would take 58 GB.
    """

    folder: Path
    limit: int = 20 * 2**30

    def pictures(self, root: Path, names: Sequence[str], processor: Any) -> PixelArray:
        """Return the pictures `root/name` as uint8 (names, 3, H, W), read-only; decode them if no run did so before."""
        path = self.folder / f"{_key(names, processor)}.npy"
        while (pictures := _open(path)) is None:  # another process may delete the file before it is opened
            self.folder.mkdir(parents=True, exist_ok=True)
            self._decode(path, root, names, processor)
        return pictures

    def _decode(self, path: Path, root: Path, names: Sequence[str], processor: Any) -> None:
        shape = read_picture(root / names[0], processor).shape
        self._make_room(len(names) * int(np.prod(shape)))
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        store = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(len(names), *shape))

        def fill(index: int) -> None:
            store[index] = read_picture(root / names[index], processor)

        try:
            with ThreadPoolExecutor() as pool:  # decoding and resizing release the interpreter's lock
                list(tqdm(pool.map(fill, range(len(names))), "pictures", len(names), unit="picture", disable=None))
            store.flush()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _make_room(self, wanted: int) -> None:
        if wanted > self.limit:
            raise RecipeError(
                f"the decoded pictures take {wanted / 2**30:.1f} GiB, the cache holds {self.limit / 2**30:.1f}; "
                "raise --cache-gib, or train one --category at a time"
            )
        held = sorted((state.st_mtime, state.st_size, path) for path, state in _held(self.folder))
        total = sum(size for _, size, _ in held)
        for _, size, path in held:
            if total + wanted <= self.limit:
                break
            total -= size
            path.unlink(missing_ok=True)  # a process that has mapped the file can still read it


class VectorCache:
    """The vectors of pictures from an encoder that is not trained: each picture is encoded once.

    The key is the picture's content, never its name or time, so an answer depends on its own pair alone.
    """

    def __init__(self, encode: Callable[[Tensor], Tensor], processor: Any) -> None:
        self.encode = encode
        self.processor = processor
        self.vectors: dict[bytes, Tensor] = {}

    @torch.no_grad()
    def __call__(self, paths: Sequence[Path]) -> Tensor:
        """Return the vectors of these pictures, float32 (paths, width)."""
        keys = [hashlib.sha256(path.read_bytes()).digest() for path in paths]
        unseen = {key: path for key, path in zip(keys, paths, strict=True) if key not in self.vectors}
        if len(self.vectors) + len(unseen) > VECTORS_KEPT:
            self.vectors.clear()
            unseen = dict(zip(keys, paths, strict=True))
        names = list(unseen)
        for start in range(0, len(names), ENCODED_AT_ONCE):
            chosen = names[start : start + ENCODED_AT_ONCE]
            pixels = np.stack([read_picture(unseen[key], self.processor) for key in chosen])
            rows = self.encode(torch.from_numpy(pixels)).float().cpu()
            self.vectors.update(zip(chosen, rows, strict=True))
        return torch.stack([self.vectors[key] for key in keys])


def _open(path: Path) -> PixelArray | None:
    """Return the decoded pictures and mark them as used now; None if the file is missing."""
    with suppress(FileNotFoundError):
        os.utime(path)
        pictures: PixelArray = np.load(path, mmap_mode="r")
        return pictures
    return None


def _held(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the cache's files; other processes may delete some meanwhile."""
    for path in folder.glob("*.npy"):
        with suppress(FileNotFoundError):
            yield path, path.stat()


def _key(names: Sequence[str], processor: Any) -> str:
    geometry = {name: value for name, value in processor.to_dict().items() if name in GEOMETRY}
    text = json.dumps([type(processor).__name__, geometry, list(names)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
