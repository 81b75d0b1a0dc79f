"""The board as one document, which is also leaderboard.json: what the Markdown and the page show, and nothing else.

Pure: rows in, plain data out. One table for each set, to the byte; within it, ranks within each modality.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from harness.records import Modality
from leaderboard import ranking
from leaderboard.gaps import gaps
from leaderboard.rows import CONTROL, MODALITIES, Estimate, Row, SetKey, contest

FORMAT = 1
SUBSETS = ("test", "validation", "train")  # the order of the tables
DIGITS = 6


def document(rows: Iterable[Row], reported: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """Everything the board says. The order of the rows does not matter. reported: what others say, not run here."""
    tables: dict[SetKey, list[Row]] = {}
    for row in rows:
        tables.setdefault(row.set, []).append(row)
    dates = [row.date for found in tables.values() for row in found if row.date]
    ordered = sorted(tables, key=_table_order)
    return {
        "format": FORMAT,
        "date": max(dates, default=None),
        "tables": [_table(key, tables[key]) for key in ordered],
        "reported": list(reported),
    }


def _table_order(key: SetKey) -> tuple[Any, ...]:
    """By name; the newest version first; test before validation before train."""
    version = tuple(-int(part) for part in key.version.split(".") if part.isdigit())
    subset = SUBSETS.index(key.subset) if key.subset in SUBSETS else len(SUBSETS)
    return key.name, version, subset, key.visibility, key.protocol, key.digest


def _table(key: SetKey, rows: Sequence[Row]) -> dict[str, Any]:
    comparisons: dict[str, Any] = {}
    standings: dict[tuple[str, Modality], dict[str, Any]] = {}
    for modality in MODALITIES:
        entered = sorted((row for row in rows if row.modality is modality and _compared(row)), key=_order)
        if entered:
            comparisons[modality.value], found = _compare(key, entered)
            standings |= found
    ordered = sorted(rows, key=lambda row: (MODALITIES.index(row.modality), _order(row)))
    return {
        "set": asdict(key),
        "categories": sorted({name for row in rows for name in row.categories}),
        "comparisons": comparisons,
        "gaps": _gaps(rows),
        "rows": [_row(row, standings.get((row.entrant.name, row.modality))) for row in ordered],
    }


def _compared(row: Row) -> bool:
    """Controls are compared, though they take no rank: to beat them is a claim as well."""
    return row.failure is None and row.unranked in (None, CONTROL)


def _order(row: Row) -> tuple[Any, ...]:
    """Contestants before the rest, and failed runs last; the better first, to the digits that are shown."""
    value = row.macro.value if row.macro else 0.0
    return row.failure is not None, row.unranked is not None, -round(value, DIGITS), row.entrant.name


def _compare(key: SetKey, rows: Sequence[Row]) -> tuple[dict[str, Any], dict[tuple[str, Modality], dict[str, Any]]]:
    """The comparison of one modality's rows, best first, and the standing of each that takes a rank."""
    found = ranking.compare(contest(rows), hashlib.sha256(f"ranks on {key.digest}".encode()).digest())
    ranked = [place for place, row in enumerate(rows) if row.unranked is None]
    floor = [place for place, row in enumerate(rows) if row.unranked is not None]
    standings = {}
    for place, standing in zip(ranked, ranking.standings(found, ranked), strict=True):
        beats = bool(floor) and bool(found.better[place, floor].all())
        standings[rows[place].entrant.name, rows[place].modality] = asdict(standing) | {"beats_controls": beats}
    comparison = {
        "rows": len(rows),
        "articles": len(rows[0].asked),
        "critical": found.critical,
        "resolvable": None if found.resolvable is None else round(found.resolvable, DIGITS),
        "claims": int(found.better.sum()),
    }
    return comparison, standings


def _gaps(rows: Sequence[Row]) -> dict[str, Any]:
    """What each modality is worth to each submission that ran with and without it, by its name."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        if row.failure is None:
            by_name.setdefault(row.entrant.name, []).append(row)
    return {name: found for name in sorted(by_name) if (found := gaps(by_name[name]))}


def _row(row: Row, standing: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "submission": asdict(row.entrant) | {"authors": list(row.entrant.authors)},
        "modality": row.modality.value,
        "standing": standing,
        "unranked": row.unranked,
        "failure": row.failure,
        "macro": _estimate(row.macro),
        "micro": _estimate(row.micro),
        "categories": {name: _estimate(found) for name, found in sorted(row.categories.items())},
        "scores": dict(row.scores),
        "isolation": dict(row.isolation),
        "trust": dict(row.trust),
        "date": row.date,
        "signer": row.signer,
        "provenance": dict(row.provenance),
    }


def _estimate(found: Estimate | None) -> dict[str, float | None] | None:
    return None if found is None else asdict(found)
