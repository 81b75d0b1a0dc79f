"""Decoded pictures in one memory-mapped file, shared by epochs, modalities and runs.

A picture's name is its content's hash, so a file's key is the names and the processor's geometry, whatever folder the
set lies in. Old files make room for new ones: at 384 pixels, the whole of the paper's data would pass 58 GB.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from submissions.shared.errors import RecipeError
from submissions.shared.pictures import Pixels, read_picture

GEOMETRY = ("size", "crop_size", "resample", "do_resize", "do_center_crop", "default_to_square")


@dataclass(frozen=True)
class PictureCache:
    """Files of decoded pictures in `folder`, together at most `limit` bytes."""

    folder: Path
    limit: int = 20 * 2**30

    def pictures(self, root: Path, names: Sequence[str], processor: Any) -> Pixels:
        """uint8 (names, 3, H, W), read-only and mapped: the pictures `root/name`, decoded if no run did so before."""
        path = self.folder / f"{_key(names, processor)}.npy"
        while (pictures := _open(path)) is None:  # another process may evict it before we have opened it
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
            path.unlink(missing_ok=True)  # whoever has it open keeps it until he is done


def _open(path: Path) -> Pixels | None:
    """The decoded pictures, marked as used just now, so evicted last; None if they are not there."""
    with suppress(FileNotFoundError):
        os.utime(path)
        pictures: Pixels = np.load(path, mmap_mode="r")
        return pictures
    return None


def _held(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The cache's files; other processes may take some away meanwhile."""
    for path in folder.glob("*.npy"):
        with suppress(FileNotFoundError):
            yield path, path.stat()


def _key(names: Sequence[str], processor: Any) -> str:
    geometry = {name: value for name, value in processor.to_dict().items() if name in GEOMETRY}
    text = json.dumps([type(processor).__name__, geometry, list(names)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
