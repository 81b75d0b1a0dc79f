"""The order model: one linear head on [t; v] (eq. 1 to 3 of the paper).

    t = T([title; headline 1; headline 2])    one joint sequence, so the encoder can compare the headlines
    v = [V(picture 1); V(picture 2)]          in order; a mean would lose the order
    logits = head([t; v])                     two classes: 0 out of order, 1 in order

In modality "vision", t = T(title). In modality "text", the head reads t alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from harness.serve import Pair
from submissions.shared.baselines import ENCODERS
from submissions.shared.checkpoint import CheckpointRecord, read_record
from submissions.shared.encoders import Encoders
from submissions.shared.pictures import VectorCache, read_pictures
from submissions.shared.settings import RecipeError

HEAD = "head.safetensors"
SMALL = 10_000_000  # parameters


@dataclass(frozen=True)
class EncodedBatch:
    """The questions of one batch as tensors.

    ids, mask: int64 (pairs, length). pixels: uint8 (pairs, 2, 3, H, W), axis 1 is first, second; with a frozen vision
    encoder its vectors, float (pairs, 2, picture_width); None in modality "text".
    """

    ids: Tensor
    mask: Tensor
    pixels: Tensor | None

    def to(self, device: torch.device) -> EncodedBatch:
        """Return the batch on another device."""
        pixels = None if self.pixels is None else to_device(self.pixels, device)
        return EncodedBatch(to_device(self.ids, device), to_device(self.mask, device), pixels)


@dataclass(frozen=True)
class ModelOutput:
    """logits: float (pairs, 2). text: (pairs, text_width). pictures: (pairs, 2, picture_width), or None."""

    logits: Tensor
    text: Tensor
    pictures: Tensor | None

    @property
    def p_in_order(self) -> Tensor:
        """float64 (pairs,): in single precision, a confident answer would round to exactly 1."""
        return self.logits.double().softmax(-1)[:, 1]


class OrderModel(nn.Module):
    """One baseline in one modality, which predicts whether two steps are in order."""

    mean: Tensor
    spread: Tensor

    def __init__(self, name: str, modality: str, encoders: Encoders, frozen_pictures: bool = False) -> None:
        super().__init__()
        self.name = name
        self.modality = modality
        self.encoders = encoders
        width = encoders.text_width + (2 * encoders.picture_width if modality != "text" else 0)
        self.head = nn.Linear(width, 2)
        processor = encoders.processor
        for key, values in (("mean", processor.image_mean), ("spread", processor.image_std)):
            self.register_buffer(key, 255 * torch.tensor(values).view(3, 1, 1), persistent=False)
        self.vector_cache: VectorCache | None = None
        if frozen_pictures:
            encoders.freeze_pictures()
            self.vector_cache = VectorCache(self.picture_vectors, processor)

    def forward(self, batch: EncodedBatch) -> ModelOutput:
        """Compute the logits of a batch and the vectors that the head reads."""
        text = self.encoders.text(batch.ids, batch.mask)
        if batch.pixels is None:
            return ModelOutput(self.head(text), text, None)
        if self.vector_cache is None:
            pictures = self.picture_vectors(batch.pixels.flatten(0, 1)).view(len(text), 2, -1)
        else:
            pictures = batch.pixels
        return ModelOutput(self.head(torch.cat([text, pictures.flatten(1)], dim=1)), text, pictures)

    def picture_vectors(self, pixels: Tensor) -> Tensor:
        """Normalise and encode pictures: uint8 (pictures, 3, H, W) -> float (pictures, picture_width)."""
        return self.encoders.pictures((pixels.to(self.mean.device).float() - self.mean) / self.spread)

    def encode(self, pairs: Sequence[Pair]) -> EncodedBatch:
        """Tokenise the text of pairs and read their pictures. In modality "text", no picture is read."""
        sequencer = self.encoders.sequencer
        ids, mask = pad([sequencer(pair) for pair in pairs], sequencer.padding)
        if self.modality == "text":
            return EncodedBatch(ids, mask, None)
        paths = [pair.images for pair in pairs if pair.images is not None]
        if self.vector_cache is not None:
            vectors = self.vector_cache([Path(path) for both in paths for path in both])
            return EncodedBatch(ids, mask, vectors.view(len(paths), 2, -1))
        return EncodedBatch(ids, mask, torch.from_numpy(read_pictures(paths, self.encoders.processor)))

    def save(self, folder: Path, record: CheckpointRecord, stored: torch.dtype) -> None:
        """Write a checkpoint with weights of type `stored`. The record is written last."""
        folder.mkdir(parents=True, exist_ok=True)
        copy = deepcopy(self).to(device="cpu", dtype=stored)
        copy.encoders.save(folder)
        save_file(copy.head.state_dict(), folder / HEAD)
        record.write(folder)


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on a device. Pinned memory lets a GPU copy it asynchronously."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def choose_threads(model: nn.Module) -> None:
    """Use one thread for a small model.

    On a busy machine with two cores, two threads took 16 times as long per step (624 ms, not 38). One thread also gives
    the same numbers on every number of cores.
    """
    if sum(parameter.numel() for parameter in model.parameters()) < SMALL:
        torch.set_num_threads(1)


def pad(sequences: Sequence[Sequence[int]], padding: int) -> tuple[Tensor, Tensor]:
    """Return ids and mask, int64 (sequences, longest); the mask is 1 at tokens and 0 at padding."""
    length = max(len(sequence) for sequence in sequences)
    ids = torch.tensor([[*sequence, *[padding] * (length - len(sequence))] for sequence in sequences])
    mask = torch.tensor([[1] * len(sequence) + [0] * (length - len(sequence)) for sequence in sequences])
    return ids, mask


def load(folder: Path, modality: str) -> OrderModel:
    """Load a fine-tuned checkpoint in float32, for evaluation.

    Raises:
        RecipeError: the checkpoint is missing, damaged, or of another modality.
    """
    record = read_record(folder)
    if record.modality != modality:
        raise RecipeError(
            f"{folder}: a checkpoint of modality {record.modality}, wanted {modality}; "
            "train one with `wikiorder finetune`"
        )
    encoders = ENCODERS[record.baseline].load(folder)
    model = OrderModel(record.baseline, modality, encoders, record.settings.frozen_pictures)
    try:
        model.head.load_state_dict(load_file(folder / HEAD))
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise RecipeError(f"{folder / HEAD}: no head that fits this model ({reason}); train it again") from None
    return model.float().eval()
