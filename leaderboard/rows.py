"""The nouns of the board: a row is one submission in one modality on one frozen set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.records import Modality
from leaderboard.ranking import Contest

CONTROL = "a control, not a contestant"  # why a control takes no rank
NO_SANDBOX = "none"  # of a bundle made of predictions alone
MODALITIES = tuple(Modality)  # the order in which the board shows them


@dataclass(frozen=True, slots=True)
class SetKey:
    """The set that was asked, to the byte, and how. Rows of different keys never share a table."""

    name: str
    version: str
    subset: str
    visibility: str
    protocol: int
    pairs: int
    digest: str

    @property
    def title(self) -> str:
        return f"{self.name} {self.version} {self.subset}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """An accuracy with its interval; low and high are None where there are too few articles for one."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Entrant:
    """Who was asked, in a stranger's words, cleaned of what could disturb a page (`collect.clean`)."""

    name: str
    title: str
    kind: str
    authors: tuple[str, ...]
    licence: str
    paper: str | None
    parameters: int | None
    training_data: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One bundle, read.

    failure: why there is no score, else None. unranked: why a scored row takes no rank, else None.
    macro, micro: None for a failed run, whose categories are empty. asked: category, opaque name and number of pairs
    of each article, sorted. correct: of each of these. scores: what else was measured. date: the day of the run.
    signer: the trusted key that signed the bundle, by its name.
    """

    set: SetKey
    entrant: Entrant
    modality: Modality
    failure: str | None
    unranked: str | None
    macro: Estimate | None
    micro: Estimate | None
    categories: Mapping[str, Estimate]
    asked: tuple[tuple[str, str, int], ...]
    correct: tuple[int, ...]
    scores: Mapping[str, Any]
    isolation: Mapping[str, Any]
    trust: Mapping[str, Any]
    date: str | None
    provenance: Mapping[str, Any]
    signer: str | None = None

    @property
    def place(self) -> str:
        """Where the row's bundle belongs below the results folder; no two rows of one set share it."""
        return f"{self.entrant.name} {self.modality} on {self.set.title}"


def contest(rows: Sequence[Row]) -> Contest:
    """The rows, all scored on one set, as ranking takes them."""
    return Contest(
        category=tuple(category for category, _, _ in rows[0].asked),
        asked=np.array([asked for _, _, asked in rows[0].asked], dtype=np.int64),
        correct=np.array([row.correct for row in rows], dtype=np.int64).T,
    )
