"""The base class of all baselines: a text encoder T and a vision encoder V, loaded from a folder and saved to one.

Full-size and small checkpoints use the same classes and the same loader. A folder has the layout of transformers:
`config.json`, `model.safetensors`, `tokenizer.json`, `preprocessor_config.json`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypedDict

import torch
import transformers
from safetensors import SafetensorError
from tokenizers import Tokenizer
from tokenizers.models import BPE
from torch import Tensor, nn
from transformers import PreTrainedModel

from submissions.shared.sequence import Sequencer, SpecialTokens
from submissions.shared.settings import RecipeError, SmallSize

# Missing weights are checked below, and a progress bar per shard is noise where there is one shard.
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


class TowerOptions(TypedDict):
    """The options of a transformer encoder, by their names in transformers."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    initializer_range: float


@dataclass(frozen=True)
class ModelPart:
    """One model of transformers inside a baseline.

    folder: its sub-folder in a checkpoint. fresh: prefixes of parameters that a published checkpoint may lack, because
    they are trained anew or removed.
    """

    model: type[PreTrainedModel]
    folder: str = "."
    fresh: tuple[str, ...] = ()


class Encoders(nn.Module, ABC):
    """T and V of one baseline.

    text_width, picture_width: the dimensions of their vectors. positions: the longest sequence of T, in tokens.
    """

    parts: ClassVar[Mapping[str, ModelPart]]
    special_tokens: ClassVar[SpecialTokens]
    processor_class: ClassVar[Any]
    text_folder: ClassVar[str] = "."
    picture_folder: ClassVar[str] = "."
    text_width: int
    picture_width: int
    positions: int
    models: Any  # nn.ModuleDict, by the names of `parts`; its type does not know each model's own methods

    def __init__(self, models: Mapping[str, PreTrainedModel], tokenizer: Tokenizer, processor: Any) -> None:
        super().__init__()
        self.models = nn.ModuleDict(models)
        self.tokenizer = tokenizer
        self.processor = processor
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Set the dimensions and remove modules that the recipe does not use."""

    @abstractmethod
    def text(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Encode text. ids, mask: int64 (batch, length) -> float (batch, text_width)."""

    @abstractmethod
    def pictures(self, pixels: Tensor) -> Tensor:
        """Encode pictures. pixels: float (pictures, 3, H, W), normalised -> float (pictures, picture_width)."""

    @classmethod
    @abstractmethod
    def full_size(cls) -> Encoders:
        """Make the model in its published size with random weights, to count parameters and to measure speed."""

    @classmethod
    @abstractmethod
    def small(cls, size: SmallSize, tokenizer: Tokenizer) -> Encoders:
        """Make a small model of the same classes with random weights, to train from scratch."""

    @property
    def sequencer(self) -> Sequencer:
        """The tokeniser of questions."""
        return Sequencer(self.tokenizer, self.special_tokens, self.positions)

    def freeze_pictures(self) -> None:
        """Exclude V from training.

        Raises:
            RecipeError: one model encodes both text and pictures.
        """
        vision = [name for name, part in self.parts.items() if part.folder == self.picture_folder]
        if self.picture_folder == self.text_folder:
            raise RecipeError(
                f"{type(self).__name__}: one model reads text and pictures; it cannot be frozen in part. "
                "Use --preset paper"
            )
        for name in vision:
            self.models[name].requires_grad_(False)

    def save(self, folder: Path) -> None:
        """Write the models, the processor and the tokenizer into a folder."""
        for name, part in self.parts.items():
            self.models[name].save_pretrained(folder / part.folder)
        self.processor.save_pretrained(folder / self.picture_folder)
        self.tokenizer.save(str(folder / self.text_folder / "tokenizer.json"))

    @classmethod
    def load(cls, folder: Path) -> Encoders:
        """Load a folder that `save` wrote, or a downloaded published checkpoint.

        Raises:
            RecipeError: a file is missing or damaged.
        """
        models = {name: _load_part(part, folder / part.folder) for name, part in cls.parts.items()}
        text, picture = folder / cls.text_folder / "tokenizer.json", folder / cls.picture_folder
        for path, key in ((text, "model"), (picture / "preprocessor_config.json", "image_mean")):
            if not path.is_file():
                raise RecipeError(
                    f"{path}: missing, so {folder} is no checkpoint of {cls.__name__}; fetch or train it again"
                )
            _check_object(path, key)
        return cls(models, Tokenizer.from_file(str(text)), cls.processor_class.from_pretrained(picture))


def _load_part(part: ModelPart, folder: Path) -> PreTrainedModel:
    """Return the model in `folder`, in float32. Refuse a weight that is missing or has another shape."""
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
        raise RecipeError(
            f"{folder}: no usable checkpoint of {part.model.__name__} ({first}); fetch it again"
        ) from None
    model: PreTrainedModel
    model, report = loaded
    missing = sorted(key for key in report["missing_keys"] if not str(key).startswith(part.fresh))
    if missing:
        raise RecipeError(
            f"{folder}: lacks {len(missing)} weights of {part.model.__name__}, such as {missing[0]}; fetch it again"
        )
    return model


def _check_object(path: Path, key: str = "") -> None:
    """Refuse a file that is no JSON object with this key. The libraries that read it raise many kinds of errors."""
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecipeError(f"{path}: not valid JSON ({error}); fetch or train this checkpoint again") from None
    if not isinstance(found, dict) or (key and key not in found):
        wanted = f"with {key!r}" if key else "of options"
        raise RecipeError(f"{path}: wanted a JSON object {wanted}; fetch or train this checkpoint again")


def no_tokenizer() -> Tokenizer:
    """Return an empty tokenizer, for models whose parameters are counted or whose speed is measured."""
    return Tokenizer(BPE())


def small_tower(size: SmallSize) -> TowerOptions:
    """Return the options that all small transformers share."""
    return TowerOptions(
        hidden_size=size.hidden,
        intermediate_size=size.feed_forward,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        initializer_range=size.spread,
    )
