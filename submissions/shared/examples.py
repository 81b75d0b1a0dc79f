"""Labelled questions made ready once: text tokenised, pictures decoded. Epochs only gather them into batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from harness.serve import Pair
from submissions.shared.cache import PictureCache
from submissions.shared.model import Batch, OrderModel, moved, pad

Made = TypeVar("Made")


@dataclass(frozen=True)
class Examples:
    """shown: int64 (pairs, 2), rows of `pictures`, uint8 (unique pictures, 3, H, W)
    or the float32 vectors of a frozen encoder, (unique pictures, width); both None in modality "text".

    ids, mask: int64 (2, pairs, longest), padded: each pair's tokens, and at 1 those with its steps exchanged.
    labels: int64 (pairs,); 1 in order.
    """

    ids: Tensor
    mask: Tensor
    labels: Tensor
    shown: npt.NDArray[np.int64] | None
    pictures: npt.NDArray[Any] | None

    def __len__(self) -> int:
        return len(self.labels)

    def batches(
        self, order: Sequence[int], size: int, device: torch.device, turn: Sequence[bool] | None = None, step: int = 1
    ) -> Iterator[tuple[Batch, Tensor]]:
        """The examples in this order, `size` at a time, with their labels.

        turn: whose steps to exchange. step: a batch is as wide as its longest text, rounded up to a multiple of this.
        """
        if turn is None:
            turn = [False] * len(order)
        for start in range(0, len(order), size):
            chosen = list(order[start : start + size])
            turns = [turn[index] for index in chosen]
            side = torch.tensor(turns, dtype=torch.long)
            mask = self.mask[side, chosen]
            width = -(-int(mask.sum(1).max()) // step) * step
            pixels = None
            if self.shown is not None and self.pictures is not None:
                rows = self.shown[chosen]
                rows[turns] = rows[turns, ::-1]
                pixels = torch.from_numpy(self.pictures[rows])
            batch = Batch(self.ids[side, chosen, :width], mask[:, :width].contiguous(), pixels)
            yield batch.to(device), moved(self.labels[chosen] ^ side, device)


def prepare(
    pairs: Sequence[Pair], labels: Sequence[int], root: Path, model: OrderModel, cache: PictureCache
) -> Examples:
    """pairs: with images as names under `root`."""
    sequencer = model.encoders.sequencer
    texts = [sequencer(pair) for pair in (*pairs, *map(turn, pairs))]
    ids, mask = (table.view(2, len(pairs), -1) for table in pad(texts, sequencer.padding))
    shown: npt.NDArray[np.int64] | None = None
    pictures: npt.NDArray[Any] | None = None
    if model.modality != "text":
        images = [pair.images for pair in pairs if pair.images is not None]
        names = sorted({name for both in images for name in both})
        row = {name: index for index, name in enumerate(names)}
        shown = np.array([[row[first], row[second]] for first, second in images])
        if model.remembered is None:
            pictures = cache.pictures(root, names, model.encoders.processor)
        else:
            pictures = model.remembered([root / name for name in names]).numpy()
    return Examples(ids, mask, torch.tensor(labels), shown, pictures)


def turn(pair: Pair) -> Pair:
    """The same question with its steps exchanged."""
    return replace(pair, headlines=pair.headlines and pair.headlines[::-1], images=pair.images and pair.images[::-1])


def ahead(batches: Iterator[Made], count: int = 2) -> Iterator[Made]:
    """The same, made by another thread while the last ones are used."""
    with ThreadPoolExecutor(1) as maker:
        waiting = deque(maker.submit(next, batches, None) for _ in range(count))
        while (made := waiting.popleft().result()) is not None:
            waiting.append(maker.submit(next, batches, None))
            yield made
