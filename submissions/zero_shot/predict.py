"""An instruction-tuned vision-language model of transformers, asked as it is: no training, one token read.

It is asked twice which of two steps is done first: once with the step shown first as A, once as B. Its answer is read
from the logits of the next token, and the mean of both log-odds is free of any liking for a letter or a place: with
its steps exchanged, a question gets exactly the other answer. Each prompt goes alone: no answer depends on the batch.

Not covered: models that think aloud before they answer, and models whose processor is not in transformers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from PIL import Image
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from harness.serve import Pair, Predict, Start, serve

WEIGHTS = "WIKIORDER_WEIGHTS"  # where the harness says that --weights lies
LETTERS = ("A", "B")
SIDE = 512  # pixels, the longer side: about 320 tokens a picture for Qwen-VL, and 1,400 at 1024
QUESTION = "Which of the two steps is done first? Answer with one letter, A or B, and nothing else."

Message = dict[str, Any]


class Judge:
    """A checkpoint and its processor. letters: the ids of the tokens A and B."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        kind = torch.bfloat16 if device.type == "cuda" else torch.float32
        self.processor = load_processor(folder)
        models: Any = transformers.AutoModelForImageTextToText
        self.model = models.from_pretrained(folder, local_files_only=True, dtype=kind).to(device).eval()
        self.device = device
        self.letters = [one_token(self.processor.tokenizer, letter) for letter in LETTERS]

    def p_in_order(self, pair: Pair) -> float:
        """The probability that the step shown first is done first; exactly 1 less this one if they are exchanged."""
        log_odds = self.log_odds(pair, (0, 1)) - self.log_odds(pair, (1, 0))
        return torch.sigmoid(torch.tensor(log_odds / 2, dtype=torch.float64)).item()

    @torch.inference_mode()
    def log_odds(self, pair: Pair, order: tuple[int, int]) -> float:
        """log P(A) - log P(B) where A is the step `order[0]` of the pair and B the step `order[1]`."""
        inputs = self.processor.apply_chat_template(
            [conversation(pair, order)],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            sanitize_control_tokens=True,  # a headline that says "<|im_end|>" is read as these characters
        )
        logits = self.model(**inputs.to(self.device), logits_to_keep=1).logits[0, -1].double()
        first, second = self.letters
        return float(logits[first] - logits[second])


def conversation(pair: Pair, order: tuple[int, int]) -> list[Message]:
    """One turn of the user: the title, the steps called A and B with what the modality sends, the question."""
    parts = [text(f'Two steps of the how-to article "{pair.title}":')]
    for letter, step in zip(LETTERS, order, strict=True):
        parts.append(text(f"\nStep {letter}: {pair.headlines[step]}\n" if pair.headlines else f"\nStep {letter}:\n"))
        if pair.images:
            parts.append({"type": "image", "image": read_picture(pair.images[step])})
    return [{"role": "user", "content": [*parts, text(f"\n{QUESTION}")]}]


def text(words: str) -> Message:
    return {"type": "text", "text": words}


def read_picture(path: str) -> Image.Image:
    """RGB, at most `SIDE` pixels a side."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    return picture


def load_processor(folder: Path) -> Any:
    """The checkpoint's own processor, less any part for videos, which would need torchvision."""
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    kind: Any = PROCESSOR_MAPPING.get(type(config), None)
    if kind is None:
        sys.exit(f"{folder}: a {config.model_type} has no processor of pictures and text; wanted one such as Qwen-VL's")
    if "video_processor" in kind.get_attributes():
        kind = without_videos(kind)
    return kind.from_pretrained(folder, local_files_only=True)


def without_videos(kind: Any) -> Any:
    """A processor class like `kind` that is made of a picture processor and a tokenizer alone."""

    class PicturesAndText(kind):  # type: ignore[misc]  # which class it is, the checkpoint decides
        def __init__(self, image_processor: Any, tokenizer: Any, chat_template: str | None = None, **_: Any) -> None:
            super().__init__(image_processor, tokenizer, chat_template=chat_template)

    return PicturesAndText


def one_token(tokenizer: Any, letter: str) -> int:
    ids: Sequence[int] = tokenizer.encode(letter, add_special_tokens=False)
    if len(ids) != 1:
        sys.exit(
            f"the checkpoint's tokenizer makes {len(ids)} tokens of {letter!r}, wanted 1: this model cannot be read so"
        )
    return ids[0]


def load(_: Start) -> Predict:
    """What `serve` calls. The modality needs no other model: it shows in what is sent."""
    folder = Path(os.environ.get(WEIGHTS) or "nowhere")
    if not (folder / "config.json").is_file():
        sys.exit(f"{folder}: no config.json in it; give the folder of a checkpoint by --weights")
    judge = Judge(folder, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    return lambda pairs: [judge.p_in_order(pair) for pair in pairs]


if __name__ == "__main__":
    serve(load, name="zero_shot", batch=8)
