"""The board as one typed document, which is also `leaderboard.json`.

`board.py` makes it; the Markdown and the page show nothing else. Accuracies are fractions in [0, 1]; an interval is a
95 % interval clustered by article, and `None` at both ends where there are too few articles for one.

    python -m leaderboard.document    writes schemas/leaderboard.schema.json anew; a test compares it with the types
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from harness.contract import decoding
from harness.contract.decoding import JsonObject, Record
from harness.contract.ledger import TeamLooks
from harness.contract.result import (
    AccuracyEstimate,
    Calibration,
    Count,
    Digest,
    Estimate,
    Fraction,
    Isolation,
    Kind,
    Name,
    Positive,
    Precision,
    ReleasedScore,
    SetIdentity,
    Signed,
    Strata,
    Transitivity,
    Trust,
)
from harness.records import Modality

FORMAT: Literal[1] = 1
SCHEMA = Path(__file__).parent / "schemas/leaderboard.schema.json"

Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class SetKey(SetIdentity, frozen=True, kw_only=True):
    """The frozen set that was asked, by its digest, and the protocol. Rows of different keys never share a table."""

    protocol: int


class Entrant(Record, frozen=True, kw_only=True):
    """A submission as its manifest describes it, cleaned of anything that could disturb a page (`collect.clean`)."""

    name: Name
    title: str
    kind: Kind
    authors: tuple[str, ...]
    licence: str
    paper: str | None
    parameters: int | None
    training_data: tuple[str, ...]


class Standing(Record, frozen=True, kw_only=True):
    """The ranks `low` to `high` that the evidence leaves open for a row.

    `group`: 1 leads; every row of a group is resolvably better than every row of the next.
    `beats_controls`: the row is resolvably better than every control.
    """

    low: Positive
    high: Positive
    group: Positive
    beats_controls: bool


class OtherScores(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The scores of `result.json` other than accuracy. Results made by the earliest releases have none."""

    precision: Precision | None = None
    calibration: Calibration | None = None
    strata: Strata | None = None
    transitivity: Transitivity | None = None


class Provenance(Record, frozen=True, kw_only=True):
    """The digests of the bundle, the submission's folder, image and weights; and how the run was made."""

    bundle: Digest
    submission: Digest
    image: str | None
    weights: str | None
    harness: str
    protocol: int
    seed: int


class Row(Record, frozen=True, kw_only=True):
    """One bundle as the board shows it.

    `standing`: `None` where the row takes no rank; then `unranked` or `failure` gives the reasons.
    `unranked`: every reason for which the row takes no rank (`eligibility.py`); empty where it takes one.
    `macro`, `micro`: `None` for a failed run, whose `categories` are empty.
    `released`: the score of a public bundle of a hidden set; its `macro` is then this score without an interval.
    `date`: the day of the run. `signer`: the name of the trusted key that signed the bundle.
    """

    submission: Entrant
    modality: Modality
    standing: Standing | None
    unranked: tuple[str, ...]
    failure: str | None
    released: ReleasedScore | None
    macro: AccuracyEstimate | None
    micro: AccuracyEstimate | None
    categories: dict[str, AccuracyEstimate]
    scores: OtherScores
    isolation: Isolation
    trust: Trust
    date: Day | None
    signer: str | None
    provenance: Provenance


class ModalityComparison(Record, frozen=True, kw_only=True):
    """The comparison of all rows of one modality with each other, at once (`ranking.py`).

    `critical`: the value that |t| had to exceed. `resolvable`: the true difference in macro accuracy that is found with
    probability 0.8, for the median pair of rows. Both are `None` where nothing can be compared.
    `claims`: pairs of rows of which one is resolvably better.
    """

    rows: Count
    articles: Count
    critical: float | None
    resolvable: float | None
    claims: Count


class AccuracyDifference(Estimate, frozen=True, kw_only=True):
    """The difference between two accuracies of one submission, paired by article."""

    value: Signed


class ModalityGains(Record, frozen=True, kw_only=True):
    """The gain in macro accuracy from pictures (V+T minus T) and from text (V+T minus V)."""

    pictures: AccuracyDifference | UnsetType = UNSET
    text: AccuracyDifference | UnsetType = UNSET


class SetTable(Record, frozen=True, kw_only=True):
    """The rows of one frozen set.

    `gaps`: the gains of each submission, by its name. `looks`: how often each team had a score of this set published.
    """

    set: SetKey
    categories: list[str]
    comparisons: dict[Modality, ModalityComparison]
    gaps: dict[str, ModalityGains]
    looks: list[TeamLooks]
    rows: list[Row]


class ReportedRow(Record, frozen=True, kw_only=True):
    """One model in one modality as the paper reports it. It was not run here and takes no rank."""

    model: str
    modality: Modality
    macro: Fraction
    categories: dict[str, Fraction]


class Board(Record, frozen=True, kw_only=True):
    """`leaderboard.json`: the ranked rows of all sets. `date`: the day of the latest run."""

    format: Literal[1] = FORMAT
    date: Day | None
    tables: list[SetTable]
    reported: list[ReportedRow]


def schema() -> JsonObject:
    """Return the JSON Schema of `leaderboard.json`."""
    (root,), components = msgspec.json.schema_components([Board], ref_template="#/$defs/{name}")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": components}


if __name__ == "__main__":
    SCHEMA.write_text(decoding.json_page(schema()), encoding="utf-8")
