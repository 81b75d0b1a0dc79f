"""Small random checkpoints of instruction-tuned vision-language models, laid out as the published ones are."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MARKS = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
PATCHES = {"patch_size": 14, "merge_size": 2, "temporal_patch_size": 2}


def small_checkpoint(folder: Path, kind: str, texts: Iterable[str], seed: int = 0) -> Path:
    """kind: "qwen2_5_vl" or "qwen3_vl"."""
    ids = _tokenizer(folder, texts)
    torch.manual_seed(seed)
    model: Any = MODELS[kind](len(ids), {f"{name}_token_id": ids[f"<|{token}|>"] for name, token in NAMES.items()})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4)  # first weights of 0.02 would answer 0.5 to everything
    model.save_pretrained(folder)
    processor = {"image_processor_type": "Qwen2VLImageProcessor", "min_pixels": 784, "max_pixels": 50176, **PATCHES}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), encoding="utf-8")
    return folder


NAMES = {"image": "image_pad", "video": "video_pad", "vision_start": "vision_start", "vision_end": "vision_end"}
ROPE = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
TEXT = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
TEXT |= {"num_key_value_heads": 2, "rope_parameters": ROPE, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 0}
VISION = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64}
VISION |= {"patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2}


def _qwen2_5_vl(vocabulary: int, ids: dict[str, int]) -> transformers.PreTrainedModel:
    vision = VISION | {"window_size": 56, "fullatt_block_indexes": [1]}
    config = transformers.Qwen2_5_VLConfig(text_config=TEXT | {"vocab_size": vocabulary}, vision_config=vision, **ids)
    return transformers.Qwen2_5_VLForConditionalGeneration(config)


def _qwen3_vl(vocabulary: int, ids: dict[str, int]) -> transformers.PreTrainedModel:
    vision = VISION | {"num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
    text = TEXT | {"vocab_size": vocabulary, "head_dim": 16}
    return transformers.Qwen3VLForConditionalGeneration(
        transformers.Qwen3VLConfig(text_config=text, vision_config=vision, **ids)
    )


MODELS = {"qwen2_5_vl": _qwen2_5_vl, "qwen3_vl": _qwen3_vl}


def _tokenizer(folder: Path, texts: Iterable[str]) -> dict[str, int]:
    """A byte-level BPE that knows the chat's marks; returns its vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=[*SPECIAL], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(texts, trainer)
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=TEMPLATE, **MARKS)
    wrapped.save_pretrained(folder)
    return tokenizer.get_vocab()
