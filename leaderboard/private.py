"""Comparing rows on hidden sets where their private bundles are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from msgspec import UNSET

from harness.contract import bundle, files
from harness.contract.bundle import PREDICTIONS, Bundle
from harness.contract.result import Result
from harness.errors import InputError
from leaderboard import board, collect, filing, verdicts
from leaderboard.collect import FiledResult


class PublishedRun(NamedTuple):
    """A private bundle as a row, and the public bundle that was made of it."""

    row: FiledResult
    public: Bundle


def compare(private: Path, results: Path, key_file: Path) -> list[Path]:
    """Compare the private bundles of every row on a hidden set, and write a signed file of verdicts per set.

    Args:
        private: a folder of private bundles.
        results: the bundles of the board; its ledger and keys are read from the folder that holds it.
        key_file: the key that signs the verdicts.

    Raises:
        InputError: no private bundle belongs to a row of the board.
    """
    rules = filing.read_policy(results.parent)
    runs = list(_runs(private, results, rules))
    if not runs:
        raise InputError(f"{private}: no private bundle of a row in {results}; publish and file the row first")
    rows = {table.set.digest: table.rows for table in board.make_board(collect.checked(run.row for run in runs)).tables}
    paths = []
    for digest in sorted(rows):
        by_name = {(row.submission.name, row.modality): row for row in rows[digest]}
        published = [run.public for run in runs if run.public.result.set.digest == digest]
        found = verdicts.of_rows(by_name, published)
        paths.append(verdicts.write(results.parent / filing.VERDICTS, digest, found, rules.looks, key_file))
    return paths


def _runs(private: Path, results: Path, rules: filing.Policy) -> Iterator[PublishedRun]:
    """Yield each private bundle whose public one is a row of the board with a newly released score."""
    public: dict[tuple[str, str, str, str], Bundle] = {}
    for root in filing.bundle_folders(results):
        found = bundle.read(root)
        result = found.result
        if result.withheld is UNSET or result.released is UNSET or not result.released.improved:
            continue
        if found.digest in rules.by_bundle:
            public[*_run_key(result), result.withheld[PREDICTIONS]] = found
    for root in filing.bundle_folders(private):
        mine = bundle.read(root)
        if mine.result.set.visibility == "hidden" and (root / PREDICTIONS).is_file():
            key = (*_run_key(mine.result), files.sha256(root / PREDICTIONS))
            if key in public:
                row = collect.read(root, replace(rules, private=True))
                yield PublishedRun(row, public[key])


def _run_key(result: Result) -> tuple[str, str, str]:
    return result.set.digest, result.submission.name, result.modality.value
