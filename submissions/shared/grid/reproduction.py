"""A whole run of the grid: choose categories, run the cells that are missing, report the table."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click
from tqdm import tqdm

from harness import __version__
from harness.contract import decoding, files
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from submissions.shared.grid import engines, store, table
from submissions.shared.grid.engines import EngineOptions
from submissions.shared.grid.store import Cell, GridIdentity, Outcome, Work

LOGGED = "{n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}]"


def check_weights(preset: str, weights: Path | None, baselines: Sequence[str]) -> None:
    """Check that the checkpoints to start from are there.

    Raises:
        InputError: the preset needs checkpoints and none are named, or the folder of a baseline is missing.
    """
    if preset == "paper" and weights is None:
        raise InputError(
            "the paper's preset starts from the published checkpoints: name their folder by --weights; "
            f"`wikiorder weights fetch {baselines[0]} FOLDER/{baselines[0]}` downloads one. --preset sample needs none."
        )
    for baseline in baselines:
        if weights is not None and not (weights / baseline).is_dir():
            raise InputError(
                f"{weights / baseline}: no such folder; `wikiorder weights fetch {baseline} "
                f"{weights / baseline}` makes it"
            )


def choose_categories(sets: Mapping[str, FrozenSet], wanted: Sequence[str]) -> list[str]:
    """Return the full names of categories.

    Args:
        sets: the frozen sets by subset.
        wanted: names, or the paper's codes; empty for all categories of the test set.

    Raises:
        InputError: a set holds no pair of a category.
    """
    held = sets["test"].manifest.counts
    chosen = [table.full_name(category, held) for category in wanted] or sorted(held)
    for frozen in sets.values():
        for category in chosen:
            if not frozen.manifest.counts.get(category):
                names = ", ".join(sorted(frozen.manifest.counts))
                raise InputError(f"{frozen.root}: no pair of category {category!r}; it holds {names}")
    return list(dict.fromkeys(chosen))


def identify(sets: Mapping[str, FrozenSet], preset: str, work: Work) -> GridIdentity:
    """Return everything that the outcomes depend on. Only a grid with the same identity is continued."""
    return GridIdentity(
        sets={subset: frozen.digest for subset, frozen in sets.items()},
        preset=preset,
        settings={name: value for name, value in asdict(work.settings).items() if name != "seed"},
        start="published checkpoints" if work.weights else "from scratch",
        harness=__version__,
    )


def heading(title: str, preset: str, seeds: int) -> str:
    """Return the lines above the table."""
    caution = "\nThe published numbers are of full-size models on the paper's own pairs, which these are not."
    return (
        f"Ours: {title}, preset {preset}, {seeds} seed{'s' * (seeds > 1)}; percent, 95 % intervals clustered by "
        f"article. Paper: Table 2.{caution if preset != 'paper' else ''}"
    )


def run(cells: Sequence[Cell], work: Work, options: EngineOptions) -> dict[Cell, str]:
    """Run the cells that are not finished yet, show progress, and return the reason of each failure."""
    ready = store.finished(work.out, cells)
    failures: dict[Cell, str] = {}
    started = time.monotonic()
    with (
        tqdm(total=len(cells), initial=len(ready), unit="cell", disable=None, dynamic_ncols=True) as bar,
        closing(engines.run([cell for cell in cells if cell not in ready], work, options)) as finishing,
    ):
        for number, (cell, outcome) in enumerate(finishing, len(ready) + 1):
            message = _keep(cell, outcome, work.out, failures)
            bar.set_description_str(f"{cell}: {message}", refresh=False)
            bar.update()
            if bar.disable:  # standard error is no terminal: write one line per cell to the log
                elapsed = time.monotonic() - started
                rate = tqdm.format_meter(
                    number, len(cells), elapsed, initial=len(ready), unit="cell", bar_format=LOGGED
                )
                click.echo(f"{rate} {cell}: {message}", err=True)
    return failures


def _keep(cell: Cell, outcome: Outcome | str, out: Path, failures: dict[Cell, str]) -> str:
    """Write an outcome, or note a failure; return the accuracy in percent, or the reason."""
    if isinstance(outcome, str):
        failures[cell] = outcome
        return outcome
    store.write(out, outcome)
    return f"{100 * outcome.accuracy:.1f}"


def report(cells: Sequence[Cell], out: Path, identity: GridIdentity, head: str) -> None:
    """Print the table of the finished cells, and write it as Markdown and JSON."""
    outcomes = store.finished(out, cells)
    if not outcomes:
        return
    if len(outcomes) < len(cells):
        head += f"\n{len(outcomes)} of {len(cells)} cells are finished; averages are over those."
    entries = table.compare(cells, outcomes)
    page = table.to_table(entries, cells, outcomes, identity)
    files.write(out / "table2.json", decoding.json_page(page).encode())
    files.write(out / "table2.md", f"# {table.TITLE}\n\n{table.render(entries, head, 'github')}".encode())
    click.echo(f"{table.render(entries, head, 'simple')}\n{out}: table2.md, table2.json")
