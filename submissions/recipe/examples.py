"""Labelled questions made ready once: text tokenised, pictures decoded. Epochs only gather them into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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

    tokens, turned: each pair's token ids, and those with its steps exchanged. labels: int64 (pairs,); 1 in order.
    """

    tokens: list[list[int]]
    turned: list[list[int]]
    padding: int
    labels: Tensor
    shown: npt.NDArray[np.int64] | None
    pictures: Pixels | None

    def __len__(self) -> int:
        return len(self.tokens)

    def batches(
        self, order: Sequence[int], size: int, device: torch.device, turn: Sequence[bool] | None = None
    ) -> Iterator[tuple[Batch, Tensor]]:
        """The examples in this order, `size` at a time, with their labels. turn: whose steps to exchange."""
        for start in range(0, len(order), size):
            chosen = list(order[start : start + size])
            turns = [False if turn is None else turn[index] for index in chosen]
            tokens = [(self.turned if t else self.tokens)[i] for i, t in zip(chosen, turns, strict=True)]
            pixels = None
            if self.shown is not None and self.pictures is not None:
                rows = self.shown[chosen]
                rows[turns] = rows[turns, ::-1]
                pixels = torch.from_numpy(self.pictures[rows])
            labels = self.labels[chosen] ^ torch.tensor(turns)
            yield Batch(*pad(tokens, self.padding), pixels).to(device), labels.to(device)


def prepare(
    pairs: Sequence[Pair], labels: Sequence[int], root: Path, model: OrderModel, cache: PictureCache
) -> Examples:
    """pairs: with images as names under `root`."""
    sequencer = model.encoders.sequencer
    tokens, turned = [sequencer(pair) for pair in pairs], [sequencer(turn(pair)) for pair in pairs]
    shown = pictures = None
    if model.modality != "text":
        images = [pair.images for pair in pairs if pair.images is not None]
        names = sorted({name for both in images for name in both})
        row = {name: index for index, name in enumerate(names)}
        shown = np.array([[row[first], row[second]] for first, second in images])
        pictures = cache.pictures(root, names, model.encoders.processor)
    return Examples(tokens, turned, sequencer.padding, torch.tensor(labels), shown, pictures)


def turn(pair: Pair) -> Pair:
    """The same question with its steps exchanged."""
    return replace(pair, headlines=pair.headlines and pair.headlines[::-1], images=pair.images and pair.images[::-1])
