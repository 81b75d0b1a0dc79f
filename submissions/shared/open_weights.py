"""Pretrained encoders that ordinary Python packages carry: DINOv2-small and MiniLM-L6. `packages.py` fetches them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
import transformers
from torch import Tensor

from submissions.shared.conversion import SIDE
from submissions.shared.encoders import Encoders, Part, no_tokenizer, small_tower
from submissions.shared.sequence import Marks
from submissions.shared.settings import SmallSize

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PARTS = 3  # title, headline 1, headline 2
MINILM: dict[str, Any] = {
    "num_hidden_layers": 6,
    "hidden_size": 384,
    "intermediate_size": 1536,
}  # 12 heads and all else as BERT-base
DINOV2: dict[str, Any] = {
    "num_hidden_layers": 12,
    "hidden_size": 384,
    "num_attention_heads": 6,
    "image_size": 518,
    "patch_size": 14,
}


class OpenEncoders(Encoders):
    """A picture's class token, 384-d; of the joint sequence the mean over each of its three parts, 1152-d; 44.6M.

    The mean over the whole sequence, as its publishers read single sentences, hardly knows the order of its parts: a
    linear head on it reached .52 of the validation pairs of `open-howto`, one on the means of the parts .64.
    """

    parts: ClassVar = {
        "dinov2": Part(transformers.Dinov2Model, "vision"),
        "minilm": Part(transformers.BertModel, "text", fresh=("pooler.",)),
    }
    marks = Marks("[CLS]", "[SEP]", "[SEP]", "[PAD]")
    processor_class = transformers.BitImageProcessorPil
    text_folder = "text"
    picture_folder = "vision"

    def prepare(self) -> None:
        text = self.models["minilm"].config
        self.models["minilm"].pooler = None
        self.text_width = PARTS * text.hidden_size
        self.separator = self.tokenizer.token_to_id(self.marks.separator)
        self.picture_width = self.models["dinov2"].config.hidden_size
        self.positions = text.max_position_embeddings

    def text(self, ids: Tensor, mask: Tensor) -> Tensor:
        tokens: Tensor = self.models["minilm"](ids, attention_mask=mask).last_hidden_state
        ends = (ids == self.separator) & (mask == 1)  # of the parts, one mark each
        number = ends.cumsum(1) - ends.long()  # the part that a token belongs to
        within = torch.stack([(number == part) & ~ends & (mask == 1) for part in range(PARTS)], dim=1).to(tokens.dtype)
        means = within @ tokens / within.sum(2, keepdim=True).clamp(min=1)  # of an absent part, 0
        return means.flatten(1)

    def pictures(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.models["dinov2"](pixels).pooler_output
        return features

    @classmethod
    def full_size(cls) -> Encoders:
        vision, text = transformers.Dinov2Config(**DINOV2), transformers.BertConfig(**MINILM)
        models = {"dinov2": transformers.Dinov2Model(vision), "minilm": transformers.BertModel(text)}
        return cls(models, no_tokenizer(), picture_processor(SIDE))

    @classmethod
    def small(cls, size: SmallSize, tokenizer: Tokenizer) -> Encoders:
        tower = small_tower(size)
        text = tower | {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": size.positions}
        text["pad_token_id"] = tokenizer.token_to_id(cls.marks.padding)
        vision = {key: value for key, value in tower.items() if key != "intermediate_size"}
        vision |= {"image_size": size.side, "patch_size": size.patch, "mlp_ratio": size.feed_forward // size.hidden}
        models = {
            "dinov2": transformers.Dinov2Model(transformers.Dinov2Config(**vision)),
            "minilm": transformers.BertModel(transformers.BertConfig(**text)),
        }
        return cls(models, tokenizer, picture_processor(size.side))


def picture_processor(side: int) -> transformers.BitImageProcessorPil:
    """The whole picture, squeezed into a square: the middle of a wide screen dump would lose its menus."""
    return transformers.BitImageProcessorPil(
        size={"height": side, "width": side},
        do_center_crop=False,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
