"""The losses of a build: every article and record that was dropped, with its reason. Written also if the build fails.

`OUT.losses.json` lies beside the build OUT.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dataset_builder.articles.filters import ChangedTexts, FilterCount, FilterLedger, ReadCategory
from dataset_builder.sources import BadRecords
from dataset_builder.supply import Shortfall
from harness.contract import decoding, files
from harness.contract.decoding import Record

WIDEST = 80  # characters of an example in the table


class LossReport(Record, frozen=True, kw_only=True):
    """`OUT.losses.json`. cleaned: headlines that lost markup. error: why the build failed; `None` if it is finished."""

    articles_read: int
    records_skipped: int
    record_faults: list[str]
    categories: list[ReadCategory]
    filters: list[FilterCount]
    cleaned: ChangedTexts
    scrubbed: ChangedTexts
    shortfalls: list[Shortfall]
    error: str | None


def report(
    ledger: FilterLedger, bad: BadRecords, shortfalls: list[Shortfall] | None = None, error: str | None = None
) -> LossReport:
    """Return the losses until now."""
    return LossReport(
        articles_read=ledger.read,
        records_skipped=bad.number,
        record_faults=bad.faults,
        categories=ledger.read_categories(),
        filters=[count for count in ledger.filter_counts() if count.articles],
        cleaned=ledger.cleaned.changed_texts(),
        scrubbed=ledger.scrubbed.changed_texts(),
        shortfalls=shortfalls or [],
        error=error,
    )


def path(out: Path) -> Path:
    """Return the path of the losses of the build `out`."""
    return out.with_name(f"{out.name}.losses.json")


def write(out: Path, losses: LossReport) -> None:
    """Write the losses beside the build `out`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    files.write(path(out), decoding.json_page(losses).encode())


def read(out: Path) -> LossReport | None:
    """Return the losses of the build `out`; None if there is no such file.

    Raises:
        InputError: the file cannot be read.
    """
    where = path(out)
    return decoding.decode(LossReport, files.content(where), str(where)) if where.exists() else None


def format_dropped(filters: Iterable[FilterCount]) -> str:
    """Return the filters that dropped an article as a table, each with an example."""
    from tabulate import tabulate

    rows = [(row.reason, row.articles, row.steps, row.examples[0][:WIDEST]) for row in filters if row.articles]
    return tabulate(rows, ("dropped because of", "articles", "steps", "such as")) if rows else ""


def format_table(losses: LossReport) -> str:
    """Return the losses as tables: records skipped, articles dropped by reason, and shortfalls."""
    from tabulate import tabulate

    parts = []
    if losses.records_skipped:
        more = losses.records_skipped - len(losses.record_faults)
        records = "1 record" if losses.records_skipped == 1 else f"{losses.records_skipped} records"
        parts.append("\n".join([f"{records} cannot be read:", *losses.record_faults]))
        parts[-1] += f"\nand {more} more" if more else ""
    if losses.filters:
        parts.append(format_dropped(losses.filters))
    if losses.shortfalls:
        lacks = [
            (one.category, one.subset or "all", one.articles, one.available, one.wanted) for one in losses.shortfalls
        ]
        parts.append(tabulate(lacks, ("category", "subset", "articles", "pairs", "wanted")))
    return "\n\n".join(parts)
