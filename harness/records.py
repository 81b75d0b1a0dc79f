"""The nouns of WikiOrder: frozen records that are checked when they are made. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Modality(StrEnum):
    """The parts of a question that are sent to the predictor. The title is always sent."""

    VISION_TEXT = "vision+text"
    VISION = "vision"
    TEXT = "text"

    @property
    def folder(self) -> str:
        """The name of its folder in a results folder: "vision_text" for "vision+text"."""
        return self.value.replace("+", "_")

    @property
    def sends_images(self) -> bool:
        return self is not Modality.TEXT

    @property
    def sends_headlines(self) -> bool:
        return self is not Modality.VISION


class Variant(StrEnum):
    """The way in which a pair is asked."""

    SCORED = "scored"
    REPEATED = "repeated"  # the same question, in a batch of other composition
    SWAPPED = "swapped"  # the second step first: p should become 1 - p
    PERTURBED = "perturbed"  # pictures slightly cropped and recompressed
    EXCHANGED = "exchanged"  # each headline with the other step's picture
    REPLACED = "replaced"  # pictures of another article of the category
    BLANKED = "blanked"  # grey pictures: recognisable, so not asked any more; earlier bundles hold it

    @property
    def needs_images(self) -> bool:
        return self in (Variant.PERTURBED, Variant.EXCHANGED, Variant.REPLACED, Variant.BLANKED)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an article: its headline and the set-relative POSIX path of its picture."""

    headline: str
    image: str

    def __post_init__(self) -> None:
        _require_text("a step's headline and picture", self.headline, self.image)
        if not self.headline.strip() or not self.image:
            raise ValueError(f"a step needs a headline and a picture, found {self.headline!r} and {self.image!r}")


@dataclass(frozen=True, slots=True)
class StepPair:
    """Two steps of one article, as they are shown. It holds no label, no article and no position of a step."""

    pair_id: str
    category: str
    title: str
    first: Step
    second: Step

    def __post_init__(self) -> None:
        _require_text("a pair's id, category and title", self.pair_id, self.category, self.title)
        if not self.pair_id or not self.category:
            raise ValueError(f"a pair needs an id and a category, found {self.pair_id!r} and {self.category!r}")
        if self.first == self.second:
            raise ValueError(f"{self.pair_id}: its two steps are the same, so no order can be told")


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The label of a pair and where its steps come from. It never leaves the harness.

    label: 1 = in order, 0 = out of order (the paper's convention).
    positions: 0-based indices in the article of the step shown first and of the step shown second.
    strata: further properties to report accuracy by, such as {"method": "same"}.
    """

    pair_id: str
    label: int
    article_id: str
    positions: tuple[int, int]
    strata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_text("a ground truth's pair and article", self.pair_id, self.article_id)
        first, second = self.positions
        if type(first) is not int or type(second) is not int:
            raise ValueError(f"{self.pair_id}: positions must be whole numbers, found {self.positions}")
        if first < 0 or second < 0 or first == second:
            raise ValueError(f"{self.pair_id}: positions must be two different indices >= 0, found {self.positions}")
        if type(self.label) is not int or self.label != int(first < second):
            raise ValueError(f"{self.pair_id}: label {self.label!r} contradicts positions {self.positions}")
        if not self.article_id:
            raise ValueError(
                f"{self.pair_id}: a ground truth needs its article, which is the cluster of every interval"
            )
        if not isinstance(self.strata, MappingProxyType):  # rows of one article share theirs
            _require_text(f"{self.pair_id}: strata", *dict(self.strata).values())
            object.__setattr__(self, "strata", MappingProxyType(dict(self.strata)))


@dataclass(frozen=True, slots=True)
class Prediction:
    """The probability that a predictor gives a pair, asked in one variant, of being in order."""

    pair_id: str
    p_in_order: float
    variant: Variant = Variant.SCORED

    def __post_init__(self) -> None:
        _require_text("a prediction's pair", self.pair_id)
        if not 0.0 <= self.p_in_order <= 1.0:  # refuses NaN as well
            raise ValueError(f"{self.pair_id}: p_in_order is {self.p_in_order}; a probability lies in [0, 1]")

    @property
    def label(self) -> int:
        """Return 1 if p > 0.5, else 0; a tie is 0, as the argmax of eq. 3 gives."""
        return predicted_label(self.p_in_order)


def predicted_label(p_in_order: float) -> int:
    """Return the label that a probability predicts: 1 if p > 0.5, else 0."""
    return int(p_in_order > 0.5)


def _require_text(name: str, *values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise ValueError(f"{name}: found {str(value)[:40]!r}, wanted text")  # noqa: TRY004 - one error for all
