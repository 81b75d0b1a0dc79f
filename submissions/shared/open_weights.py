"""Encoders whose pretrained weights lie in ordinary Python packages: DINOv2-small and MiniLM-L6. See `packages.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
import transformers
from torch import Tensor

from submissions.shared.encoders import Encoders, ModelPart, no_tokenizer, small_tower
from submissions.shared.sequence import SpecialTokens
from submissions.shared.settings import OPEN_WEIGHTS_SIDE, SmallSize

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PARTS = 3  # title, headline 1, headline 2


class OpenEncoders(Encoders):
    """DINOv2-small's class token, 384-d, and MiniLM-L6's mean over each part of the joint sequence, 1152-d; 44.6M.

    MiniLM's publishers take the mean over a whole sentence. Over the joint sequence, that mean loses the order of the
    parts: a linear head on it reached .52 on the validation pairs of `open-howto`, and .64 on one mean per part.
    """

    parts: ClassVar = {
        "dinov2": ModelPart(transformers.Dinov2Model, "vision"),
        "minilm": ModelPart(transformers.BertModel, "text", fresh=("pooler.",)),
    }
    special_tokens = SpecialTokens("[CLS]", "[SEP]", "[SEP]", "[PAD]")
    processor_class = transformers.BitImageProcessorPil
    text_folder = "text"
    picture_folder = "vision"

    def prepare(self) -> None:
        text = self.models["minilm"].config
        self.models["minilm"].pooler = None
        self.text_width = PARTS * text.hidden_size
        self.separator = self.tokenizer.token_to_id(self.special_tokens.separator)
        self.picture_width = self.models["dinov2"].config.hidden_size
        self.positions = text.max_position_embeddings

    def text(self, ids: Tensor, mask: Tensor) -> Tensor:
        tokens: Tensor = self.models["minilm"](ids, attention_mask=mask).last_hidden_state
        ends = (ids == self.separator) & (mask == 1)  # the separator behind each part
        number = ends.cumsum(1) - ends.long()  # the part of each token: 0, 1 or 2
        within = torch.stack([(number == part) & ~ends & (mask == 1) for part in range(PARTS)], dim=1).to(tokens.dtype)
        means = within @ tokens / within.sum(2, keepdim=True).clamp(min=1)  # 0 for a missing part
        return means.flatten(1)

    def pictures(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.models["dinov2"](pixels).pooler_output
        return features

    @classmethod
    def full_size(cls) -> Encoders:
        vision = transformers.Dinov2Config(
            num_hidden_layers=12, hidden_size=384, num_attention_heads=6, image_size=518, patch_size=14
        )
        text = transformers.BertConfig(
            num_hidden_layers=6, hidden_size=384, intermediate_size=1536
        )  # rest as BERT-base
        models = {"dinov2": transformers.Dinov2Model(vision), "minilm": transformers.BertModel(text)}
        return cls(models, no_tokenizer(), picture_processor(OPEN_WEIGHTS_SIDE))

    @classmethod
    def small(cls, size: SmallSize, tokenizer: Tokenizer) -> Encoders:
        vision = transformers.Dinov2Config(
            hidden_size=size.hidden,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            mlp_ratio=size.feed_forward // size.hidden,
            initializer_range=size.spread,
            image_size=size.side,
            patch_size=size.patch,
        )
        text = transformers.BertConfig(
            **small_tower(size),
            vocab_size=tokenizer.get_vocab_size(),
            max_position_embeddings=size.positions,
            pad_token_id=tokenizer.token_to_id(cls.special_tokens.padding),
        )
        models = {"dinov2": transformers.Dinov2Model(vision), "minilm": transformers.BertModel(text)}
        return cls(models, tokenizer, picture_processor(size.side))


def picture_processor(side: int) -> transformers.BitImageProcessorPil:
    """Resize the whole picture to a square: a centre crop of a wide screenshot would lose its menus."""
    return transformers.BitImageProcessorPil(
        size={"height": side, "width": side},
        do_center_crop=False,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
