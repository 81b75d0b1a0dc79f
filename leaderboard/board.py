"""The making of the board: filed results are sorted into tables, compared and ranked. Pure, but for the paper's rows.

One table for each set, identified by its digest; within it, ranks within each modality.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import msgspec
import numpy as np
from msgspec import UNSET
from scipy.special import stdtrit

from harness.contract import ledger
from harness.contract.ledger import LedgerLine
from harness.published import table2
from harness.records import Modality
from leaderboard import ranking
from leaderboard.collect import FiledResult
from leaderboard.document import (
    AccuracyDifference,
    Board,
    ModalityComparison,
    ModalityGains,
    ReportedRow,
    Row,
    SetKey,
    SetTable,
    Standing,
)
from leaderboard.eligibility import is_compared
from leaderboard.ranking import Contest

SUBSETS = ("test", "validation", "train")  # the order of the tables
MODALITIES = tuple(Modality)  # the order of the modalities in a table
PAPER_MODALITIES = {"V+T": Modality.VISION_TEXT, "V": Modality.VISION, "T": Modality.TEXT}
DIGITS = 6


def make_board(
    filed: Iterable[FiledResult], reported: Sequence[ReportedRow] = (), looks: Sequence[LedgerLine] = ()
) -> Board:
    """Return the board. The order of the results does not matter.

    Args:
        reported: the paper's rows, shown apart.
        looks: the lines of the ledger.
    """
    tables: dict[SetKey, list[FiledResult]] = {}
    for found in filed:
        tables.setdefault(found.set, []).append(found)
    # Only a row that is compared has a date that the board vouches for.
    dates = [found.row.date for held in tables.values() for found in held if found.row.date and _is_compared(found.row)]
    return Board(
        date=max(dates, default=None),
        tables=[_table(key, tables[key], looks) for key in sorted(tables, key=_table_order)],
        reported=list(reported),
    )


def read_reported() -> list[ReportedRow]:
    """Read Table 2 of the paper: accuracy per category and their mean, in the paper's order."""
    rows: dict[tuple[str, Modality], dict[str, float]] = {}
    for line in table2.accuracies():
        rows.setdefault((line.model, PAPER_MODALITIES[line.modality]), {})[line.category] = line.accuracy
    return [
        ReportedRow(
            model=model,
            modality=modality,
            macro=round(sum(categories.values()) / len(categories), DIGITS),
            categories=dict(sorted(categories.items())),
        )
        for (model, modality), categories in rows.items()
    ]


def gains(filed: Sequence[FiledResult]) -> ModalityGains:
    """Return the gains of one submission, from its scored results on one set: V+T minus T, and V+T minus V.

    Each is paired by article, with its own 95 % interval (Student's t with Satterthwaite's degrees of freedom; not
    simultaneous over the board). It shows whether the submission uses the second modality.
    """
    places = {found.row.modality: place for place, found in enumerate(filed)}
    both = places.get(Modality.VISION_TEXT)
    if both is None or len(places) == 1:
        return ModalityGains()
    contest = _contest(filed)
    macro, influence = ranking.influences(contest)
    variance, degrees = ranking.differences(contest, influence)

    def gain(modality: Modality) -> AccuracyDifference | msgspec.UnsetType:
        one = places.get(modality)
        if one is None:
            return UNSET
        value = macro[both] - macro[one]
        half = stdtrit(degrees[both, one], (1 + ranking.LEVEL) / 2) * np.sqrt(variance[both, one])
        bounded = contest.smallest >= 2 and variance[both, one] > 0
        low, high = (round(float(end), DIGITS) if bounded else None for end in (value - half, value + half))
        return AccuracyDifference(value=round(float(value), DIGITS), low=low, high=high)

    return ModalityGains(pictures=gain(Modality.TEXT), text=gain(Modality.VISION))


def _table_order(key: SetKey) -> tuple[str, tuple[int, ...], int, str, int, str]:
    """Sort by name, then the newest version first, then test before validation before train."""
    version = tuple(-int(part) for part in key.version.split(".") if part.isdigit())
    subset = SUBSETS.index(key.subset) if key.subset in SUBSETS else len(SUBSETS)
    return key.name, version, subset, key.visibility, key.protocol, key.digest


def _table(key: SetKey, filed: Sequence[FiledResult], looks: Sequence[LedgerLine]) -> SetTable:
    comparisons: dict[Modality, ModalityComparison] = {}
    rows: list[Row] = []
    for modality in MODALITIES:
        of_modality = sorted((found for found in filed if found.row.modality is modality), key=_order)
        compared = [found for found in of_modality if found.asked and _is_compared(found.row)]
        standings: dict[str, Standing] = {}
        if compared:
            comparisons[modality], standings = _compare(key, compared)
        rows += [
            msgspec.structs.replace(found.row, standing=standings.get(found.name, found.row.standing))
            for found in of_modality
        ]
    return SetTable(
        set=key,
        categories=sorted({name for row in rows for name in row.categories}),
        comparisons=comparisons,
        gaps=_gains_by_name(filed),
        looks=ledger.looks(looks, key.digest),
        rows=rows,
    )


def _is_compared(row: Row) -> bool:
    """Return whether a row is compared. Controls are, although they take no rank: to be better is a claim as well."""
    return is_compared(row.unranked, row.failure is not None)


def _order(found: FiledResult) -> tuple[bool, bool, float, str]:
    """Sort contestants before the rest and failed runs last; then by macro accuracy, to the digits that are shown."""
    row = found.row
    value = row.macro.value if row.macro else 0.0
    return row.failure is not None, bool(row.unranked), -round(value, DIGITS), found.name


def _compare(key: SetKey, filed: Sequence[FiledResult]) -> tuple[ModalityComparison, dict[str, Standing]]:
    """Return the comparison of one modality's results, best first, and the standing of each that takes a rank."""
    claims = ranking.compare(_contest(filed), hashlib.sha256(f"ranks on {key.digest}".encode()).digest())
    ranked = [place for place, found in enumerate(filed) if not found.row.unranked]
    controls = [place for place, found in enumerate(filed) if found.row.submission.kind == "control"]
    standings = {}
    for place, interval in zip(ranked, ranking.rank_intervals(claims, ranked), strict=True):
        beats = bool(controls) and bool(claims.better[place, controls].all())
        standings[filed[place].name] = Standing(**asdict(interval), beats_controls=beats)
    comparison = ModalityComparison(
        rows=len(filed),
        articles=len(filed[0].asked),
        critical=claims.critical,
        resolvable=None if claims.resolvable is None else round(claims.resolvable, DIGITS),
        claims=int(claims.better.sum()),
    )
    return comparison, standings


def _contest(filed: Sequence[FiledResult]) -> Contest:
    """Return the counts of results that are all scored on one set."""
    return Contest(
        category=tuple(category for category, _, _ in filed[0].asked),
        asked=np.array([asked for _, _, asked in filed[0].asked], dtype=np.int64),
        correct=np.array([found.correct for found in filed], dtype=np.int64).T,
    )


def _gains_by_name(filed: Sequence[FiledResult]) -> dict[str, ModalityGains]:
    """Return the gains of every submission that ran with and without a modality, by its name."""
    by_name: dict[str, list[FiledResult]] = {}
    for found in filed:
        if found.asked:
            by_name.setdefault(found.name, []).append(found)
    every = {name: gains(by_name[name]) for name in sorted(by_name)}
    return {name: found for name, found in every.items() if found != ModalityGains()}
