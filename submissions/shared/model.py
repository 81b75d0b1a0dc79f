"""The order model: one linear head on [t; v] (the paper's eq. 1 to 3).

    t = T([title; headline 1; headline 2])    one joint sequence, so that the encoder itself can compare the headlines
    v = [V(picture 1); V(picture 2)]          in order; a mean would be blind to it
    logits = head([t; v])                     two classes: 0 out of order, 1 in order

In modality "vision", t = T(title); in "text", the head reads t alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from harness.serve import Pair
from submissions.shared.baselines import ENCODERS
from submissions.shared.encoders import Encoders
from submissions.shared.errors import RecipeError
from submissions.shared.frozen import Remembered
from submissions.shared.pictures import read_pictures
from submissions.shared.settings import MODALITIES

FORMAT = 1
RECORD = "recipe.json"
HEAD = "head.safetensors"
SMALL = 10_000_000  # parameters


@dataclass(frozen=True)
class Batch:
    """ids, mask: int64 (pairs, length). pixels: uint8 (pairs, 2, 3, H, W), or None in modality "text".

    Of a frozen vision encoder, pixels are its vectors already: float (pairs, 2, picture_width).
    """

    ids: Tensor
    mask: Tensor
    pixels: Tensor | None

    def to(self, device: torch.device) -> Batch:
        pixels = None if self.pixels is None else moved(self.pixels, device)
        return Batch(moved(self.ids, device), moved(self.mask, device), pixels)


@dataclass(frozen=True)
class Output:
    """logits: float (pairs, 2). text: (pairs, text_width). pictures: (pairs, 2, picture_width), or None."""

    logits: Tensor
    text: Tensor
    pictures: Tensor | None

    @property
    def p_in_order(self) -> Tensor:
        """float64 (pairs,): in single precision, a sure answer would round to exactly 1."""
        return self.logits.double().softmax(-1)[:, 1]


class OrderModel(nn.Module):
    """Which of two steps comes first, by one baseline in one modality."""

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
        self.remembered: Remembered | None = None
        if frozen_pictures:
            encoders.freeze_pictures()
            self.remembered = Remembered(self.see, processor)

    def forward(self, batch: Batch) -> Output:
        text = self.encoders.text(batch.ids, batch.mask)
        if batch.pixels is None:
            return Output(self.head(text), text, None)
        if self.remembered is None:
            pictures = self.see(batch.pixels.flatten(0, 1)).view(len(text), 2, -1)
        else:
            pictures = batch.pixels
        return Output(self.head(torch.cat([text, pictures.flatten(1)], dim=1)), text, pictures)

    def see(self, pixels: Tensor) -> Tensor:
        """pixels: uint8 (pictures, 3, H, W) -> float (pictures, picture_width)."""
        return self.encoders.pictures((pixels.to(self.mean.device).float() - self.mean) / self.spread)

    def encode(self, pairs: Sequence[Pair]) -> Batch:
        """Questions as tensors: what the modality leaves out is not looked at."""
        sequencer = self.encoders.sequencer
        ids, mask = pad([sequencer(pair) for pair in pairs], sequencer.padding)
        if self.modality == "text":
            return Batch(ids, mask, None)
        paths = [pair.images for pair in pairs if pair.images is not None]
        if self.remembered is not None:
            vectors = self.remembered([Path(path) for both in paths for path in both])
            return Batch(ids, mask, vectors.view(len(paths), 2, -1))
        return Batch(ids, mask, torch.from_numpy(read_pictures(paths, self.encoders.processor)))

    def save(self, folder: Path, record: dict[str, Any], stored: torch.dtype) -> None:
        """Write a checkpoint of a rounded copy; the record, which comes last, says what it is."""
        folder.mkdir(parents=True, exist_ok=True)
        copy = deepcopy(self).to(device="cpu", dtype=stored)
        copy.encoders.save(folder)
        save_file(copy.head.state_dict(), folder / HEAD)
        record = {"format": FORMAT, "baseline": self.name, "modality": self.modality, **record}
        for path in folder.rglob("*"):
            path.chmod(
                0o755 if path.is_dir() else 0o644
            )  # safetensors writes 0600, which a container's user cannot read
        (folder / RECORD).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def moved(tensor: Tensor, device: torch.device) -> Tensor:
    """On the device; a GPU copies by itself, without being waited for, from memory that stays in its place."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def choose_threads(model: nn.Module) -> None:
    """One thread for a small model: two were 16 times slower a step on a busy machine with two cores (624 ms, not 38),

    and what one thread computes does not depend on the number of cores.
    """
    if sum(parameter.numel() for parameter in model.parameters()) < SMALL:
        torch.set_num_threads(1)


def pad(sequences: Sequence[Sequence[int]], padding: int) -> tuple[Tensor, Tensor]:
    """ids and mask, int64 (sequences, longest); the mask is 1 where a token stands."""
    length = max(len(sequence) for sequence in sequences)
    ids = torch.tensor([[*sequence, *[padding] * (length - len(sequence))] for sequence in sequences])
    mask = torch.tensor([[1] * len(sequence) + [0] * (length - len(sequence)) for sequence in sequences])
    return ids, mask


def load(folder: Path, modality: str) -> OrderModel:
    """The fine-tuned model in `folder`, if it is one of this modality."""
    record = read_record(folder)
    if record["modality"] != modality:
        raise RecipeError(f"{folder}: a checkpoint of modality {record['modality']}, wanted {modality}")
    frozen = bool(record.get("settings", {}).get("frozen_pictures"))
    model = OrderModel(record["baseline"], modality, ENCODERS[record["baseline"]].load(folder), frozen)
    try:
        model.head.load_state_dict(load_file(folder / HEAD))
    except (OSError, RuntimeError, SafetensorError) as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise RecipeError(f"{folder / HEAD}: no head that fits this model ({first})") from None
    return model.float().eval()


def read_record(folder: Path) -> dict[str, Any]:
    """The `recipe.json` of a checkpoint."""
    path = folder / RECORD
    if not path.is_file():
        raise RecipeError(f"{folder}: no finished checkpoint in it (no {RECORD}); `wikiorder finetune` makes one")
    try:
        record: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{path}: not valid JSON ({error})") from None
    known = isinstance(record, dict) and record.get("format") == FORMAT
    if not known or record.get("baseline") not in list(ENCODERS) or record.get("modality") not in MODALITIES:
        raise RecipeError(f"{path}: not the record of a checkpoint of this recipe; retrain with `wikiorder finetune`")
    return dict(record)
