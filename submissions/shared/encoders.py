"""What the baselines share: a text encoder T and a vision encoder V, read from a folder and written to one.

Full-size checkpoints and small ones are the same classes and are loaded by the same path, from a folder in the layout
of transformers: `config.json`, `model.safetensors`, `tokenizer.json`, `preprocessor_config.json`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
import transformers
from safetensors import SafetensorError
from tokenizers import Tokenizer
from tokenizers.models import BPE
from torch import Tensor, nn
from transformers import PreTrainedModel

from submissions.shared.errors import RecipeError
from submissions.shared.sequence import Marks, Sequencer
from submissions.shared.settings import SmallSize

# We check what a checkpoint lacks ourselves; a bar for every shard of one shard says nothing.
transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers gives these no types
transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Part:
    """One model of transformers inside a baseline.

    folder: where it lies in a checkpoint. fresh: parameters that a published checkpoint may lack or that we remove.
    """

    model: type[PreTrainedModel]
    folder: str = "."
    fresh: tuple[str, ...] = ()


class Encoders(nn.Module, ABC):
    """T and V. text_width, picture_width: the sizes of their vectors. positions: the longest sequence T can read."""

    parts: ClassVar[Mapping[str, Part]]
    marks: ClassVar[Marks]
    processor_class: ClassVar[Any]
    text_folder: ClassVar[str] = "."
    picture_folder: ClassVar[str] = "."
    text_width: int
    picture_width: int
    positions: int
    models: Any  # nn.ModuleDict, by the names of `parts`; each model's own methods are beyond its type

    def __init__(self, models: Mapping[str, PreTrainedModel], tokenizer: Tokenizer, processor: Any) -> None:
        super().__init__()
        self.models = nn.ModuleDict(models)
        self.tokenizer = tokenizer
        self.processor = processor
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Set the sizes; remove what the recipe does not use."""

    @abstractmethod
    def text(self, ids: Tensor, mask: Tensor) -> Tensor:
        """ids, mask: int64 (batch, length) -> float (batch, text_width)."""

    @abstractmethod
    def pictures(self, pixels: Tensor) -> Tensor:
        """pixels: float (pictures, 3, H, W), normalised -> float (pictures, picture_width)."""

    @classmethod
    @abstractmethod
    def full_size(cls) -> Encoders:
        """The published size with random weights: for counting parameters and for timing."""

    @classmethod
    @abstractmethod
    def small(cls, size: SmallSize, tokenizer: Tokenizer) -> Encoders:
        """A small configuration of the same classes, to be trained from scratch."""

    @property
    def sequencer(self) -> Sequencer:
        return Sequencer(self.tokenizer, self.marks, self.positions)

    def freeze_pictures(self) -> None:
        """Leave V as it is: only what reads text is trained."""
        seeing = [name for name, part in self.parts.items() if part.folder == self.picture_folder]
        if self.picture_folder == self.text_folder:
            raise RecipeError(f"{type(self).__name__}: one model reads text and pictures; it cannot be frozen in part")
        for name in seeing:
            self.models[name].requires_grad_(False)

    def save(self, folder: Path) -> None:
        for name, part in self.parts.items():
            self.models[name].save_pretrained(folder / part.folder)
        self.processor.save_pretrained(folder / self.picture_folder)
        self.tokenizer.save(str(folder / self.text_folder / "tokenizer.json"))

    @classmethod
    def load(cls, folder: Path) -> Encoders:
        """Read a folder that `save` wrote, or one that a published checkpoint was downloaded to."""
        models = {name: _load_part(part, folder / part.folder) for name, part in cls.parts.items()}
        text, picture = folder / cls.text_folder / "tokenizer.json", folder / cls.picture_folder
        for path, key in ((text, "model"), (picture / "preprocessor_config.json", "image_mean")):
            if not path.is_file():
                raise RecipeError(f"{path}: missing, so {folder} is no checkpoint of {cls.__name__}")
            _check_object(path, key)
        return cls(models, Tokenizer.from_file(str(text)), cls.processor_class.from_pretrained(picture))


def _load_part(part: Part, folder: Path) -> PreTrainedModel:
    """The model in `folder`, in float32; a weight that is missing or of another shape is refused."""
    if not (folder / "config.json").is_file():
        raise RecipeError(f"{folder}: no config.json in it; wanted a checkpoint of {part.model.__name__}")
    _check_object(folder / "config.json")
    try:
        loaded: Any = part.model.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        first = str(error).strip().splitlines()[0]
        if "ignore_mismatched_sizes" in first:
            first = "its weights have other shapes than its config.json says"
        raise RecipeError(f"{folder}: no usable checkpoint of {part.model.__name__} ({first})") from None
    model: PreTrainedModel
    model, report = loaded
    missing = sorted(key for key in report["missing_keys"] if not str(key).startswith(part.fresh))
    if missing:
        raise RecipeError(f"{folder}: lacks {len(missing)} weights of {part.model.__name__}, such as {missing[0]}")
    return model


def _check_object(path: Path, key: str = "") -> None:
    """Refuse what is no JSON object with this key: the libraries that read it raise all kinds of errors."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecipeError(f"{path}: not valid JSON ({error}); fetch or train this checkpoint anew") from None
    if not isinstance(found, dict) or (key and key not in found):
        wanted = f"with {key!r}" if key else "of options"
        raise RecipeError(f"{path}: wanted a JSON object {wanted}; fetch or train this checkpoint anew")


def no_tokenizer() -> Tokenizer:
    """For models that are only counted or timed."""
    return Tokenizer(BPE())


def small_tower(size: SmallSize) -> dict[str, Any]:
    """The options that every small transformer shares."""
    return {
        "hidden_size": size.hidden,
        "intermediate_size": size.feed_forward,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "initializer_range": size.spread,
    }
