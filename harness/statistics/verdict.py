"""The verdict: the sentences that `evaluate`, `compare` and the report say about a result, and how they write figures.

One function makes them all, from estimates with intervals. A claim is made only where the interval excludes no
difference; "not shown" says that the evidence leaves the question open, not that the answer is no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.contract.decoding import Record
from harness.contract.result import Estimate
from harness.records import Modality

CHANCE = 0.5
WIDEST_NAME = 20  # characters of a category in a table
MOST_NAMED = 3  # results that one sentence names; the rest is counted

# The best expected accuracy of any submission, by the name of the set. The articles of the calibrated sample show their
# order in pictures, in text, in both or in neither, a quarter each (docs/statistics.md, "Calibration by the sample").
CEILINGS: Mapping[str, Mapping[Modality, float]] = {
    "wikiorder-sample": {Modality.TEXT: 0.75, Modality.VISION: 0.75, Modality.VISION_TEXT: 0.875}
}

Outcome: TypeAlias = Literal["better", "worse", "not shown"]
Topic: TypeAlias = Literal["accuracy", "pictures", "text", "simple", "others", "next"]


class Sentence(Record, frozen=True, kw_only=True):
    """One sentence of a verdict. `answer`: "yes", "no" or "not shown" if the sentence answers a question, else ""."""

    topic: Topic
    answer: str
    text: str


@dataclass(frozen=True, slots=True)
class Opponent:
    """Another result on the same pairs, by its title. outcome: of the result against it."""

    title: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a verdict on one result rests on.

    accuracy: macro accuracy, in [0, 1]. ceiling: the best expected accuracy, where it is known.
    pictures, text: the paired gain from each (V+T minus T, V+T minus V), None where a modality did not run.
    simple: the controls that were asked the same pairs. others: the models that were.
    advice: what to do next, as a sentence without "Next:"; empty for none.
    """

    accuracy: Estimate | None
    ceiling: float | None = None
    pictures: Estimate | None = None
    text: Estimate | None = None
    simple: Sequence[Opponent] = ()
    others: Sequence[Opponent] = ()
    advice: str = ""


def ceiling(set_name: str, modality: Modality) -> float | None:
    """Return the best expected accuracy on a set, in [0, 1]; None where it is not known."""
    return CEILINGS.get(set_name, {}).get(modality)


def outcome(difference: Estimate) -> Outcome:
    """Return the claim that the interval of a difference allows."""
    if difference.low is not None and difference.low > 0:
        return "better"
    if difference.high is not None and difference.high < 0:
        return "worse"
    return "not shown"


def verdict(found: Evidence) -> list[Sentence]:
    """Return the sentences on one result, in the order in which they are read."""
    if found.accuracy is None:
        return [Sentence(topic="accuracy", answer="", text="No score.")]
    made = [
        _accuracy(found.accuracy, found.ceiling),
        _use("pictures", "Uses the pictures", found.pictures),
        _use("text", "Uses the headlines", found.text),
        _simple(found.simple),
        *_others(found.others),
    ]
    return [*made, Sentence(topic="next", answer="", text=f"Next: {found.advice}")] if found.advice else made


def against(first: str, second: str, difference: Estimate) -> str:
    """Return the verdict on the paired difference in macro accuracy of two named results, first minus second."""
    size = points(difference)
    match outcome(difference):
        case "better":
            return f"{first} is better than {second}: {size}."
        case "worse":
            return f"{first} is worse than {second}: {size}."
    return f"Not separable: {first} and {second}, {size}."


def percent(found: Estimate) -> str:
    """Return an accuracy in percent with its interval, such as "82.3 % [77.5, 86.9]"."""
    if found.low is None or found.high is None:
        return f"{100 * found.value:.1f} % (no interval)"
    return f"{100 * found.value:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def points(found: Estimate) -> str:
    """Return a difference in points with its interval, such as "+5.9 points [1.5, 10.5]"."""
    if found.low is None or found.high is None:
        return f"{100 * found.value:+.1f} points (no interval)"
    return f"{100 * found.value:+.1f} points [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def between(found: Estimate, signed: bool = False) -> str:
    """Return an interval for a table, such as "77.5 to 86.9"; "-" without one. signed: of a difference."""
    if found.low is None or found.high is None:
        return "-"
    sign = "+" if signed else ""
    return f"{100 * found.low:{sign}.1f} to {100 * found.high:{sign}.1f}"


def shortened(category: str) -> str:
    """Return a category's name for a table of 80 columns."""
    return category if len(category) <= WIDEST_NAME else category[: WIDEST_NAME - 1].rstrip() + "…"


def _accuracy(found: Estimate, most: float | None) -> Sentence:
    text = f"Accuracy {percent(found)}"
    text += "." if most is None else f" of at most {100 * most:.1f} %."
    above = found.low is not None and found.low > CHANCE
    if not above:
        text += " Not shown to be above chance (50 %)."
    if most is not None and found.low is not None and found.low > most:
        text += " Resolvably above what the set allows: look for a leak."
    return Sentence(topic="accuracy", answer="yes" if above else "not shown", text=text)


def _use(topic: Literal["pictures", "text"], question: str, gain: Estimate | None) -> Sentence:
    if gain is None:
        missing = "text" if topic == "pictures" else "vision"
        return Sentence(
            topic=topic, answer="not shown", text=f"{question}: not tested; needs vision+text and {missing}."
        )
    claim = outcome(gain)
    answer = {"better": "yes", "worse": "no", "not shown": "not shown"}[claim]
    words = "to its harm" if claim == "worse" else answer
    return Sentence(topic=topic, answer=answer, text=f"{question}: {words}, {points(gain)}.")


def _simple(rows: Sequence[Opponent]) -> Sentence:
    """Every single comparison must hold, so the claim about all of them needs no correction."""
    question = "Better than every simple row"
    if not rows:
        return Sentence(topic="simple", answer="not shown", text=f"{question}: not tested; none was asked these pairs.")
    left = [row for row in rows if row.outcome != "better"]
    if not left:
        return Sentence(topic="simple", answer="yes", text=f"{question}: yes ({_named(rows)}).")
    worse = [row for row in left if row.outcome == "worse"]
    if worse:
        return Sentence(topic="simple", answer="no", text=f"{question}: no; worse than {_named(worse)}.")
    return Sentence(topic="simple", answer="not shown", text=f"{question}: not shown ({_named(left)}).")


def _others(rows: Sequence[Opponent]) -> list[Sentence]:
    """Return one sentence on the other models: which it is separable from, and which not."""
    words = {"better": "Better than", "worse": "Worse than", "not shown": "Not separable from"}
    parts = [
        f"{words[claim]} {_named(chosen)}."
        for claim in words
        if (chosen := [row for row in rows if row.outcome == claim])
    ]
    return [Sentence(topic="others", answer="", text=" ".join(parts))] if parts else []


def _named(rows: Sequence[Opponent]) -> str:
    names = [row.title for row in rows[:MOST_NAMED]]
    more = len(rows) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
