"""The three baselines. The paper's parameter counts decide which vectors the head reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import transformers

from submissions.shared.encoders import Encoders, ModelPart, no_tokenizer, small_tower
from submissions.shared.open_weights import OpenEncoders
from submissions.shared.sequence import SpecialTokens
from submissions.shared.settings import SmallSize

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor


class ClipEncoders(Encoders):
    """CLIP ViT-B/32, 151.28M parameters: the projected 512-d features of both its encoders."""

    parts: ClassVar = {"clip": ModelPart(transformers.CLIPModel)}
    special_tokens = SpecialTokens("<|startoftext|>", ";", "<|endoftext|>", "<|endoftext|>")
    processor_class = transformers.CLIPImageProcessorPil

    def prepare(self) -> None:
        config = self.models["clip"].config
        self.text_width = self.picture_width = config.projection_dim
        self.positions = config.text_config.max_position_embeddings

    def text(self, ids: Tensor, mask: Tensor) -> Tensor:
        features: Tensor = self.models["clip"].get_text_features(ids, attention_mask=mask).pooler_output
        return features

    def pictures(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.models["clip"].get_image_features(pixels).pooler_output
        return features

    @classmethod
    def full_size(cls) -> Encoders:
        return cls({"clip": transformers.CLIPModel(transformers.CLIPConfig())}, no_tokenizer(), cls.processor_class())

    @classmethod
    def small(cls, size: SmallSize, tokenizer: Tokenizer) -> Encoders:
        tower = small_tower(size) | {"projection_dim": size.hidden}
        text = tower | {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": size.positions}
        text |= cls.special_tokens.ids(tokenizer)
        vision = tower | {"image_size": size.side, "patch_size": size.patch}
        config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=size.hidden)
        square = {"height": size.side, "width": size.side}
        processor = cls.processor_class(size={"shortest_edge": size.side}, crop_size=square)
        return cls({"clip": transformers.CLIPModel(config)}, tokenizer, processor)


class VitRobertaEncoders(Encoders):
    """ViT-B/16 and RoBERTa-base, 211.04M parameters together: the 768-d pooler outputs of both."""

    parts: ClassVar = {
        "vit": ModelPart(transformers.ViTModel, "vision", fresh=("pooler.",)),
        "roberta": ModelPart(transformers.RobertaModel, "text", fresh=("pooler.",)),
    }
    special_tokens = SpecialTokens("<s>", "</s>", "</s>", "<pad>")
    processor_class = transformers.ViTImageProcessorPil
    text_folder = "text"
    picture_folder = "vision"

    def prepare(self) -> None:
        text = self.models["roberta"].config
        self.text_width = text.hidden_size
        self.picture_width = self.models["vit"].config.pooler_output_size
        self.positions = (
            text.max_position_embeddings - text.pad_token_id - 1
        )  # positions are counted from the padding id + 1

    def text(self, ids: Tensor, mask: Tensor) -> Tensor:
        features: Tensor = self.models["roberta"](ids, attention_mask=mask).pooler_output
        return features

    def pictures(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.models["vit"](pixels).pooler_output
        return features

    @classmethod
    def full_size(cls) -> Encoders:
        text = transformers.RobertaConfig(max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5)
        models = {"vit": transformers.ViTModel(transformers.ViTConfig()), "roberta": transformers.RobertaModel(text)}
        return cls(models, no_tokenizer(), cls.processor_class())

    @classmethod
    def small(cls, size: SmallSize, tokenizer: Tokenizer) -> Encoders:
        ids = cls.special_tokens.ids(tokenizer)
        text = transformers.RobertaConfig(
            **small_tower(size),
            **ids,
            vocab_size=tokenizer.get_vocab_size(),
            max_position_embeddings=size.positions + ids["pad_token_id"] + 1,
            type_vocab_size=1,
        )
        vision = transformers.ViTConfig(**small_tower(size), image_size=size.side, patch_size=size.patch)
        models = {"vit": transformers.ViTModel(vision), "roberta": transformers.RobertaModel(text)}
        return cls(models, tokenizer, cls.processor_class(size={"height": size.side, "width": size.side}))


class BlipEncoders(Encoders):
    """BLIP ITM base, 223.74M parameters: the projected 256-d features of both encoders, without its matching head."""

    parts: ClassVar = {"blip": ModelPart(transformers.BlipForImageTextRetrieval, fresh=("itm_head.",))}
    special_tokens = SpecialTokens("[CLS]", "[SEP]", "[SEP]", "[PAD]")
    processor_class = transformers.BlipImageProcessorPil

    def prepare(self) -> None:
        config = self.models["blip"].config
        del self.models["blip"].itm_head
        self.text_width = self.picture_width = config.image_text_hidden_size
        self.positions = config.text_config.max_position_embeddings

    def text(self, ids: Tensor, mask: Tensor) -> Tensor:
        blip = self.models["blip"]
        features: Tensor = blip.text_proj(blip.text_encoder(ids, attention_mask=mask).last_hidden_state[:, 0])
        return features

    def pictures(self, pixels: Tensor) -> Tensor:
        blip = self.models["blip"]
        features: Tensor = blip.vision_proj(blip.vision_model(pixels).last_hidden_state[:, 0])
        return features

    @classmethod
    def full_size(cls) -> Encoders:
        model = transformers.BlipForImageTextRetrieval(transformers.BlipConfig())
        return cls({"blip": model}, no_tokenizer(), cls.processor_class())

    @classmethod
    def small(cls, size: SmallSize, tokenizer: Tokenizer) -> Encoders:
        text = {**small_tower(size), **cls.special_tokens.ids(tokenizer)}
        text |= {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": size.positions}
        vision = small_tower(size) | {"image_size": size.side, "patch_size": size.patch}
        config = transformers.BlipConfig(text_config=text, vision_config=vision, image_text_hidden_size=size.hidden)
        processor = cls.processor_class(size={"height": size.side, "width": size.side})
        return cls({"blip": transformers.BlipForImageTextRetrieval(config)}, tokenizer, processor)


# The three baselines of the paper, which are compared with its tables.
BASELINES: dict[str, type[Encoders]] = {
    "clip": ClipEncoders,
    "vit_roberta": VitRobertaEncoders,
    "blip": BlipEncoders,
}

# Every submission that the recipe trains.
ENCODERS: dict[str, type[Encoders]] = BASELINES | {"open_weights": OpenEncoders}
