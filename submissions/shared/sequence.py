"""Text as the encoders read it: one joint sequence [title; headline 1; headline 2]; each part keeps its share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from harness.serve import Pair


@dataclass(frozen=True)
class Marks:
    """A baseline's special tokens. separator: what stands between two parts; an ordinary word where there is none."""

    start: str
    separator: str
    end: str
    padding: str

    def special(self) -> list[str]:
        """The special tokens in the order of a small tokenizer's ids; `;` is an ordinary word."""
        names = [self.start, self.padding, self.end, self.separator]
        return list(dict.fromkeys(name for name in names if name != ";"))

    def ids(self, tokenizer: Tokenizer) -> dict[str, Any]:
        """What the configuration of a text encoder calls them."""
        names = {"bos_token_id": self.start, "eos_token_id": self.end, "pad_token_id": self.padding}
        return {key: tokenizer.token_to_id(name) for key, name in names.items()}


class Sequencer:
    """Turns a question into token ids. limit: the longest sequence that the text encoder can read, marks included."""

    def __init__(self, tokenizer: Tokenizer, marks: Marks, limit: int) -> None:
        self.tokenizer = tokenizer
        self.limit = limit
        self.start = self._ids(marks.start)
        self.end = self._ids(marks.end)
        self.separator = self._ids(marks.separator)
        self.padding = self._ids(marks.padding)[0]

    def __call__(self, pair: Pair) -> list[int]:
        """Token ids: start, title, separator, headline 1, separator, headline 2, end. Without headlines: the title."""
        parts = [self._ids(text) for text in (pair.title, *(pair.headlines or ()))]
        marks = len(self.start) + len(self.end) + len(self.separator) * (len(parts) - 1)
        lengths = shares([len(part) for part in parts], self.limit - marks)
        ids = list(self.start)
        for index, (part, length) in enumerate(zip(parts, lengths, strict=True)):
            ids += self.separator if index else []
            ids += part[:length]
        return ids + self.end

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids


def shares(lengths: Sequence[int], room: int) -> list[int]:
    """How much of each part fits: all of the short ones, and an equal share of what is left to the long ones."""
    kept = [0] * len(lengths)
    by_length = sorted(range(len(lengths)), key=lambda index: lengths[index])
    for done, index in enumerate(by_length):
        kept[index] = min(lengths[index], room // (len(lengths) - done))
        room -= kept[index]
    return kept


def small_tokenizer(texts: Iterable[str], marks: Marks, vocabulary: int) -> Tokenizer:
    """A byte-level BPE tokenizer of at most `vocabulary` tokens, learnt from `texts`: no word is unknown to it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=marks.special(),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
