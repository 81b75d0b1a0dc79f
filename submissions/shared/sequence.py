"""Tokenisation of questions: one joint sequence [title; headline 1; headline 2], each part cut to a fair share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from harness.serve import Pair
from submissions.shared.settings import RecipeError


class TokenIds(TypedDict):
    """The ids of special tokens, by their names in transformers."""

    bos_token_id: int
    eos_token_id: int
    pad_token_id: int


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens of a baseline's tokenizer. separator: between two parts; `;` where there is no such token."""

    start: str
    separator: str
    end: str
    padding: str

    def names(self) -> list[str]:
        """Return the special tokens in the order of a small tokenizer's ids, without `;`, an ordinary word."""
        ordered = [self.start, self.padding, self.end, self.separator]
        return list(dict.fromkeys(name for name in ordered if name != ";"))

    def ids(self, tokenizer: Tokenizer) -> TokenIds:
        """Return the ids as the configuration of a text encoder wants them."""
        start, end, padding = (_token_id(tokenizer, name) for name in (self.start, self.end, self.padding))
        return TokenIds(bos_token_id=start, eos_token_id=end, pad_token_id=padding)


class Sequencer:
    """The tokeniser of questions. limit: the longest sequence of the text encoder, special tokens included."""

    def __init__(self, tokenizer: Tokenizer, special_tokens: SpecialTokens, limit: int) -> None:
        self.tokenizer = tokenizer
        self.limit = limit
        self.start = self._ids(special_tokens.start)
        self.end = self._ids(special_tokens.end)
        self.separator = self._ids(special_tokens.separator)
        self.padding = self._ids(special_tokens.padding)[0]

    def __call__(self, pair: Pair) -> list[int]:
        """Return token ids: start, title, separator, headline 1, separator, headline 2, end; or start, title, end."""
        parts = [self._ids(text) for text in (pair.title, *(pair.headlines or ()))]
        reserved = len(self.start) + len(self.end) + len(self.separator) * (len(parts) - 1)
        lengths = shares([len(part) for part in parts], self.limit - reserved)
        ids = list(self.start)
        for index, (part, length) in enumerate(zip(parts, lengths, strict=True)):
            ids += self.separator if index else []
            ids += part[:length]
        return ids + self.end

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids


def _token_id(tokenizer: Tokenizer, name: str) -> int:
    found: int | None = tokenizer.token_to_id(name)
    if found is None:
        raise RecipeError(f"the tokenizer has no token {name!r}; fetch or train this checkpoint again")
    return found


def shares(lengths: Sequence[int], room: int) -> list[int]:
    """Return the length that each part keeps in `room` tokens: short parts whole, long parts shares of the rest."""
    kept = [0] * len(lengths)
    by_length = sorted(range(len(lengths)), key=lambda index: lengths[index])
    for done, index in enumerate(by_length):
        kept[index] = min(lengths[index], room // (len(lengths) - done))
        room -= kept[index]
    return kept


def small_tokenizer(texts: Iterable[str], special_tokens: SpecialTokens, vocabulary: int) -> Tokenizer:
    """Train a byte-level BPE tokenizer of at most `vocabulary` tokens on `texts`. It can encode every word."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special_tokens.names(),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
