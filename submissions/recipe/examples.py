"""Labelled questions made ready once: text tokenised, pictures decoded. Epochs only gather them into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from harness.serve import Pair
from submissions.recipe.cache import PictureCache
from submissions.recipe.model import Batch, OrderModel, pad
from submissions.recipe.pictures import Pixels


@dataclass(frozen=True)
class Examples:
    """shown: int64 (pairs, 2), rows of `pictures`, uint8 (unique pictures, 3, H, W); both None in modality "text".

    labels: int64 (pairs,); 1 in order, 0 out of order.
    """

    tokens: list[list[int]]
    padding: int
    labels: Tensor
    shown: npt.NDArray[np.int64] | None
    pictures: Pixels | None

    def __len__(self) -> int:
        return len(self.tokens)

    def batches(self, order: Sequence[int], size: int, device: torch.device) -> Iterator[tuple[Batch, Tensor]]:
        """The examples in this order, `size` at a time, with their labels."""
        for start in range(0, len(order), size):
            chosen = list(order[start : start + size])
            ids, mask = pad([self.tokens[index] for index in chosen], self.padding)
            pixels = None
            if self.shown is not None and self.pictures is not None:
                pixels = torch.from_numpy(self.pictures[self.shown[chosen]])
            yield Batch(ids, mask, pixels).to(device), self.labels[chosen].to(device)


def prepare(
    pairs: Sequence[Pair], labels: Sequence[int], root: Path, model: OrderModel, cache: PictureCache
) -> Examples:
    """pairs: with images as names under `root`."""
    sequencer = model.encoders.sequencer
    tokens = [sequencer(pair) for pair in pairs]
    shown = pictures = None
    if model.modality != "text":
        images = [pair.images for pair in pairs if pair.images is not None]
        names = sorted({name for both in images for name in both})
        row = {name: index for index, name in enumerate(names)}
        shown = np.array([[row[first], row[second]] for first, second in images])
        pictures = cache.pictures(root, names, model.encoders.processor)
    return Examples(tokens, sequencer.padding, torch.tensor(labels), shown, pictures)
