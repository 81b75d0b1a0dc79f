"""An instruction-tuned vision-language model of transformers without training. One token of its answer is read.

The question, its two orders and the reading of the answer are those of `harness/serve_prompt.py`, which served models
share. The answer is read from the logits of the next token. Each prompt is a batch of its own, so no answer depends on
the batch.

Not covered: models that reason in text before they answer, and models whose processor is not in transformers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

import torch
import transformers
from PIL import Image
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from harness import serve_prompt
from harness.serve import Pair, Predict, Start, serve
from harness.serve_prompt import LETTERS, ORDERS, SIDE, LetterAnswer, Prompt

WEIGHTS = "WIKIORDER_WEIGHTS"  # the harness sets it to the folder of --weights
PROMPT = Prompt()


class TextPart(TypedDict):
    """A piece of text in a chat message."""

    type: Literal["text"]
    text: str


class PicturePart(TypedDict):
    """A picture in a chat message."""

    type: Literal["image"]
    image: Image.Image


class UserMessage(TypedDict):
    """One chat message of the user, in the layout that processors of transformers expect."""

    role: Literal["user"]
    content: list[TextPart | PicturePart]


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
        """Return the probability that a pair is in order. Exchanging its steps gives exactly 1 - p."""
        answers = [self.answer(pair, order) for order in ORDERS]
        return serve_prompt.p_in_order(answers[:1], answers[1:])

    def answer(self, pair: Pair, order: tuple[int, int]) -> LetterAnswer:
        """Return the answer to one question, where A is the step `order[0]` of the pair and B the step `order[1]`."""
        odds = self.log_odds(pair, order)
        return LetterAnswer("log-probabilities", serve_prompt.logistic(odds), odds)

    @torch.inference_mode()
    def log_odds(self, pair: Pair, order: tuple[int, int]) -> float:
        """Return log P(A) - log P(B), where A is the step `order[0]` of the pair and B the step `order[1]`."""
        inputs = self.processor.apply_chat_template(
            [conversation(pair, order)],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            sanitize_control_tokens=True,  # "<|im_end|>" in a headline is read as plain characters
        )
        logits = self.model(**inputs.to(self.device), logits_to_keep=1).logits[0, -1].double()
        first, second = self.letters
        return float(logits[first] - logits[second])


def conversation(pair: Pair, order: tuple[int, int]) -> list[UserMessage]:
    """Return one message: the title, the steps A and B with their headlines and pictures, and the question."""
    parts: list[TextPart | PicturePart] = []
    for part in PROMPT.parts(pair.title, pair.headlines, pair.images is not None, order):
        if isinstance(part, str):
            parts.append(text(part))
        elif pair.images:
            parts.append({"type": "image", "image": read_picture(pair.images[part])})
    return [{"role": "user", "content": parts}]


def text(words: str) -> TextPart:
    """Return a piece of text for a message."""
    return {"type": "text", "text": words}


def read_picture(path: str) -> Image.Image:
    """Return a picture in RGB, at most `SIDE` pixels on its longer side."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    return picture


def load_processor(folder: Path) -> Any:
    """Return the checkpoint's processor without its video part, which would need torchvision."""
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    kind: Any = PROCESSOR_MAPPING.get(type(config), None)
    if kind is None:
        sys.exit(f"{folder}: a {config.model_type} has no processor of pictures and text; wanted one such as Qwen-VL's")
    if "video_processor" in kind.get_attributes():
        kind = without_videos(kind)
    return kind.from_pretrained(folder, local_files_only=True)


def without_videos(kind: Any) -> Any:
    """Return a processor class like `kind` that takes a picture processor and a tokenizer only."""

    class PicturesAndText(kind):  # type: ignore[misc]  # the checkpoint decides the base class at run time
        def __init__(self, image_processor: Any, tokenizer: Any, chat_template: str | None = None, **_: Any) -> None:
            super().__init__(image_processor, tokenizer, chat_template=chat_template)

    return PicturesAndText


def one_token(tokenizer: Any, letter: str) -> int:
    """Return the id of a letter. Exit if the tokenizer splits it into several tokens."""
    ids: Sequence[int] = tokenizer.encode(letter, add_special_tokens=False)
    if len(ids) != 1:
        sys.exit(f"the checkpoint's tokenizer makes {len(ids)} tokens of {letter!r}, wanted 1: use another model")
    return ids[0]


def load(_: Start) -> Predict:
    """Load the checkpoint of --weights. One model answers in every modality."""
    folder = Path(os.environ.get(WEIGHTS) or "nowhere")
    if not (folder / "config.json").is_file():
        sys.exit(f"{folder}: no config.json in it; give the folder of a checkpoint by --weights")
    judge = Judge(folder, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    return lambda pairs: [judge.p_in_order(pair) for pair in pairs]


if __name__ == "__main__":
    serve(load, name="zero_shot", batch=8)
