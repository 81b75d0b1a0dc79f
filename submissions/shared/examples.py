"""Labelled examples prepared once for training: text tokenised, pictures decoded. Epochs only gather batches."""

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
from submissions.shared.model import EncodedBatch, OrderModel, pad, to_device
from submissions.shared.pictures import PictureCache

Made = TypeVar("Made")


@dataclass(frozen=True)
class Examples:
    """The pairs of one subset as arrays.

    ids, mask: int64 (2, pairs, longest), padded: index 0 holds each pair, index 1 the pair with its steps exchanged.
    labels: int64 (pairs,); 1 is in order. shown: int64 (pairs, 2), rows of `pictures`.
    pictures: uint8 (unique pictures, 3, H, W), or float32 (unique pictures, width), the vectors of a frozen encoder.
    In modality "text", `shown` and `pictures` are None.
    """

    ids: Tensor
    mask: Tensor
    labels: Tensor
    shown: npt.NDArray[np.int64] | None
    pictures: npt.NDArray[Any] | None

    def __len__(self) -> int:
        return len(self.labels)

    def batches(
        self,
        order: Sequence[int],
        size: int,
        device: torch.device,
        turn: Sequence[bool] | None = None,
        multiple: int = 1,
    ) -> Iterator[tuple[EncodedBatch, Tensor]]:
        """Yield batches of `size` examples in this order, with their labels.

        Args:
            turn: for each example, whether its steps are exchanged. None exchanges no steps.
            multiple: the width of a batch is its longest text, rounded up to a multiple of this.
        """
        if turn is None:
            turn = [False] * len(order)
        for start in range(0, len(order), size):
            chosen = list(order[start : start + size])
            turns = [turn[index] for index in chosen]
            side = torch.tensor(turns, dtype=torch.long)
            mask = self.mask[side, chosen]
            width = -(-int(mask.sum(1).max()) // multiple) * multiple
            pixels = None
            if self.shown is not None and self.pictures is not None:
                rows = self.shown[chosen]
                rows[turns] = rows[turns, ::-1]
                pixels = torch.from_numpy(self.pictures[rows])
            batch = EncodedBatch(self.ids[side, chosen, :width], mask[:, :width].contiguous(), pixels)
            yield batch.to(device), to_device(self.labels[chosen] ^ side, device)


def prepare(
    pairs: Sequence[Pair], labels: Sequence[int], root: Path, model: OrderModel, cache: PictureCache
) -> Examples:
    """Tokenise pairs and decode their pictures, which are named relative to `root`."""
    sequencer = model.encoders.sequencer
    texts = [sequencer(pair) for pair in (*pairs, *map(exchanged, pairs))]
    ids, mask = (table.view(2, len(pairs), -1) for table in pad(texts, sequencer.padding))
    shown: npt.NDArray[np.int64] | None = None
    pictures: npt.NDArray[Any] | None = None
    if model.modality != "text":
        images = [pair.images for pair in pairs if pair.images is not None]
        names = sorted({name for both in images for name in both})
        row = {name: index for index, name in enumerate(names)}
        shown = np.array([[row[first], row[second]] for first, second in images])
        if model.vector_cache is None:
            pictures = cache.pictures(root, names, model.encoders.processor)
        else:
            pictures = model.vector_cache([root / name for name in names]).numpy()
    return Examples(ids, mask, torch.tensor(labels), shown, pictures)


def exchanged(pair: Pair) -> Pair:
    """Return the pair with its steps exchanged."""
    return replace(pair, headlines=pair.headlines and pair.headlines[::-1], images=pair.images and pair.images[::-1])


def prefetch(batches: Iterator[Made], count: int = 2) -> Iterator[Made]:
    """Yield the same batches; a thread makes up to `count` of them in advance."""
    with ThreadPoolExecutor(1) as maker:
        waiting = deque(maker.submit(next, batches, None) for _ in range(count))
        while (made := waiting.popleft().result()) is not None:
            waiting.append(maker.submit(next, batches, None))
            yield made
