"""The question put to a vision-language model and the reading of its answer: shared by all models that are only asked.

`submissions/zero_shot` uses it in a container, `harness/served` for models behind an endpoint. Standard library only.

Each pair is asked in both orders: once with the step shown first as A, once as B. The mean of both log-odds removes any
bias for a letter or a position, so a pair with its steps exchanged gets exactly the complementary probability.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

LETTERS = ("A", "B")
ORDERS = ((0, 1), (1, 0))  # the steps shown as A and as B
SIDE = 512  # pixels, the longer side of a picture: about 320 tokens for Qwen-VL, and 1,400 at 1024
UNKNOWN = 0.5  # probability of A where an answer cannot be read

REASONING_START = re.compile(r"<(?:think|thinking|thought|reasoning)>|<\|channel\|>analysis")
REASONING_END = re.compile(r"</(?:think|thinking|thought|reasoning)>|<\|channel\|>final<\|message\|>")
ANSWER = re.compile(
    r"(?:the\s+)?(?:final\s+|correct\s+)?(?:answer|step)?(?:\s+is)?\s*:?\s*(?:step\s+)?"
    r"(?:\\boxed\{)?[\s*_(\"'`\[]*(?P<letter>(?-i:[AB]))[*_)\"'`\]}]*(?:[.:,)\n](?P<rest>.*))?",
    re.IGNORECASE | re.DOTALL,
)
LETTER_ALONE = re.compile(r"\b[AB]\b")

AnswerKind = Literal["log-probabilities", "text", "unreadable", "refused"]


@dataclass(frozen=True)
class Prompt:
    """The texts of the question. `{title}`, `{letter}` and `{headline}` are replaced.

    Attributes:
        version: the name of this wording; results record it beside the digest.
        system: the system message; none is sent if it is empty.
        step: used in modalities that send headlines.
        step_without_headline: used in modality "vision".
    """

    version: str = "1"
    system: str = ""
    title: str = 'Two steps of the how-to article "{title}":'
    step: str = "\nStep {letter}: {headline}\n"
    step_without_headline: str = "\nStep {letter}:\n"
    question: str = "\nWhich of the two steps is done first? Answer with one letter, A or B, and nothing else."

    @property
    def digest(self) -> str:
        """SHA-256 of all texts."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def parts(
        self, title: str, headlines: tuple[str, str] | None, pictures: bool, order: tuple[int, int]
    ) -> list[str | int]:
        """Return the user's message: texts, and the numbers of the steps whose picture stands at that place.

        Args:
            headlines: of the step shown first and second; None in modality "vision".
            order: the step shown as A and the step shown as B.
        """
        found: list[str | int] = [self.title.replace("{title}", title)]
        for letter, step in zip(LETTERS, order, strict=True):
            if headlines:
                found.append(self.step.replace("{letter}", letter).replace("{headline}", headlines[step]))
            else:
                found.append(self.step_without_headline.replace("{letter}", letter))
            if pictures:
                found.append(step)
        return [*found, self.question]


@dataclass(frozen=True)
class GeneratedToken:
    """One token of an answer, and the log-probabilities of the most probable tokens at its place."""

    text: str
    top: Mapping[str, float]


@dataclass(frozen=True)
class LetterAnswer:
    """An answer to one question, as read.

    Attributes:
        p_a: probability in [0, 1] of the letter A; 0.5 where the answer cannot be read.
        log_odds: log P(A) - log P(B), where log-probabilities are known.
    """

    kind: AnswerKind
    p_a: float
    log_odds: float | None = None


def p_in_order(first_as_a: Sequence[LetterAnswer], first_as_b: Sequence[LetterAnswer]) -> float:
    """Return the probability that a pair is in order, from the answers to both orders, one or more of each.

    With log-probabilities it is the logistic function of the mean log-odds; without, the mean probability.
    """
    odds = [[a.log_odds for a in answers if a.log_odds is not None] for answers in (first_as_a, first_as_b)]
    if len(odds[0]) == len(first_as_a) and len(odds[1]) == len(first_as_b):
        return logistic((_mean(odds[0]) - _mean(odds[1])) / 2)
    return (_mean([a.p_a for a in first_as_a]) + 1 - _mean([a.p_a for a in first_as_b])) / 2


def read_answer(text: str, tokens: Sequence[GeneratedToken] = (), hidden_reasoning: bool = False) -> LetterAnswer:
    """Read the answer to one question: from log-probabilities where they are given, else from the text.

    Args:
        tokens: the generated tokens with their log-probabilities; none if the server sends none.
        hidden_reasoning: the server took the model's reasoning out of the text.
    """
    letter = read_letter(text)
    token = _answer_token(tokens, letter, hidden_reasoning)
    odds = letter_log_odds(token.top) if token else None
    if odds is not None:
        return LetterAnswer("log-probabilities", logistic(odds), odds)
    if letter:
        return LetterAnswer("text", float(letter == LETTERS[0]))
    return LetterAnswer("unreadable", UNKNOWN)


def read_letter(text: str) -> str | None:
    """Return the letter that a text states as its answer; None unless it states exactly one.

    A letter alone, `**A**`, `(A)`, `Answer: A`, `Step A` or `A. ...` are read. An explanation that names a letter again
    is not, since it may be about either step.
    """
    match = ANSWER.fullmatch(without_reasoning(text).strip())
    if not match or LETTER_ALONE.search(match["rest"] or ""):
        return None
    return match["letter"]


def without_reasoning(text: str) -> str:
    """Return the part of an answer after the model's reasoning; nothing if the reasoning does not end."""
    tail = REASONING_END.split(text)[-1]
    return "" if REASONING_START.search(tail) else tail


def letter_log_odds(top: Mapping[str, float]) -> float | None:
    """Return log P(A) - log P(B) from the log-probabilities of the most probable tokens; None if neither is there.

    The tokens `A` and `B` count; where one is missing, the most probable token that is the letter after spaces does.
    A letter that is still missing is at most as probable as the least probable token that is listed.
    """
    found = [top.get(letter) for letter in LETTERS]
    if None in found:
        found = [max((p for token, p in top.items() if _plain(token) == letter), default=None) for letter in LETTERS]
    first, second = found
    if first is None and second is None:
        return None
    least = min(top.values())
    return (least if first is None else first) - (least if second is None else second)


def logistic(log_odds: float) -> float:
    """Return 1 / (1 + exp(-log_odds)) without overflow."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    return math.exp(log_odds) / (1 + math.exp(log_odds))


def _answer_token(
    tokens: Sequence[GeneratedToken], letter: str | None, hidden_reasoning: bool
) -> GeneratedToken | None:
    """Return the token that decides the answer: the letter that the text states, else the first after reasoning."""
    generated = "".join(token.text for token in tokens)
    ends = [match.end() for match in REASONING_END.finditer(generated)]
    start = ends[-1] if ends else 0
    if REASONING_START.search(generated, start) or (hidden_reasoning and not ends):
        return None
    after: list[GeneratedToken] = []
    position = 0
    for token in tokens:
        if position >= start:
            after.append(token)
        position += len(token.text)
    first = next((token for token in after if token.text.strip()), after[0] if after else None)
    if letter and first and _plain(first.text) != letter:
        return next((token for token in after if _plain(token.text) == letter), first)
    return first


def _plain(token: str) -> str:
    return token.strip().lstrip("▁Ġ")


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
