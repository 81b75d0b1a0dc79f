"""`wikiorder reproduce`: the paper's tables, made anew."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import InputError
from harness.records import Modality
from submissions.shared.grid.plan import BASELINES, Cell, Work
from submissions.shared.settings import PRESETS

if TYPE_CHECKING:
    from harness.contract.frozen_set import FrozenSet
    from submissions.shared.grid.engines import Done

SAMPLE = Path(__file__).parents[3] / "dataset_builder/wikiorder-sample"
SUBSETS = ("train", "validation", "test")
LOGGED = "{n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}]"


@click.group()
def reproduce() -> None:
    """Make the paper's tables anew, beside the published ones."""


@reproduce.command()
@click.option("--data", type=click.Path(path_type=Path), help="A built set of three subsets. Default: the sample.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/table2"),
    show_default=True,
    help="The grid: goes on with what lies there.",
)
@click.option("--engine", "name", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Cells at once (local).")
@click.option("--address", help="Of a Ray cluster, such as `auto`. Default: Ray on this machine alone.")
@click.option(
    "--gpu-share",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Of a GPU, a cell (ray).",
)
@click.option(
    "--cpus", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True, help="Cores a cell (ray)."
)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Runs of each cell, averaged.")
@click.option("--baseline", "baselines", multiple=True, type=click.Choice(BASELINES), help="Default: all.")
@click.option(
    "--modality", "modalities", multiple=True, type=click.Choice([m.value for m in Modality]), help="Default: all."
)
@click.option("--category", "categories", multiple=True, help="Name, or the paper's code such as FL. Default: all.")
@click.option("--preset", type=click.Choice([*PRESETS]), default="paper", show_default=True)
@click.option("--weights", type=click.Path(path_type=Path), help="The published checkpoints, a sub-folder a baseline.")
@click.option("--epochs", type=click.IntRange(0), help="Other than the preset's.")
@click.option("--fast", is_flag=True, help="As `wikiorder finetune --fast`.")
@click.option("--deterministic", is_flag=True, help="As `wikiorder finetune --deterministic`.")
@click.option("--discard-weights", is_flag=True, help="Keep no fine-tuned weights: full-size, 90 take 70 GB.")
@click.option("--key-file", type=click.Path(path_type=Path), help="The release key, for a hidden set.")
@click.option(
    "--cache", type=click.Path(path_type=Path), default=Path("~/.cache/wikiorder/pictures"), show_default=True
)
@click.option("--cache-gib", type=click.FloatRange(0, min_open=True), default=20.0, show_default=True)
def table2(
    data: Path | None,
    out: Path,
    seeds: int,
    baselines: Sequence[str],
    modalities: Sequence[str],
    categories: Sequence[str],
    preset: str,
    weights: Path | None,
    epochs: int | None,
    fast: bool,
    deterministic: bool,
    discard_weights: bool,
    key_file: Path | None,
    cache: Path,
    cache_gib: float,
    **engine: Any,
) -> None:
    """Fine-tune and evaluate one model for each baseline, modality and category: 90, as in the paper's Table 2.

    Killed, it goes on where it was when the same command is given again. Writes table2.md and table2.json into OUT.

    \b
    wikiorder reproduce table2 --preset sample --out runs/table2
    wikiorder reproduce table2 --data sets/wikiorder-v1 --weights WEIGHTS --seeds 3 --engine ray --address auto
    """
    from harness.contract import frozen_set
    from harness.sandbox.process import ownership
    from submissions.shared.grid import plan, store

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the workers are ended, as for Ctrl-C
    baselines = [name for name in BASELINES if name in (baselines or BASELINES)]  # in the paper's order
    modalities = [modality for modality in Modality if modality in (modalities or [*Modality])]
    _check_weights(preset, weights, baselines)
    settings = replace(PRESETS[preset], fast=fast, deterministic=deterministic)
    settings = settings if epochs is None else replace(settings, epochs=epochs)
    sets = {subset: frozen_set.load((data or SAMPLE) / subset) for subset in SUBSETS}
    cells = plan.plan(baselines, modalities, _choose(sets, categories), seeds)
    work = Work(
        data=(data or SAMPLE).resolve(),
        out=out.resolve(),
        settings=settings,
        weights=weights.resolve() if weights else None,
        cache=cache.expanduser().resolve(),
        cache_bytes=int(cache_gib * 2**30),
        key_file=key_file.resolve() if key_file else None,
        keep=not discard_weights,
    )
    identity = _identify(sets, preset, work)
    ownership.write_as_owner_of(out)
    with store.alone(work.out, wait=False):
        store.agree(work.out, identity)
        failures = _run(cells, work, engine)
        _report(cells, work, identity, _head(sets["test"].title, preset, seeds))
    for cell, reason in failures.items():
        click.echo(f"failed: {cell}: {reason}", err=True)
    if failures:
        sys.exit(1)


def _head(title: str, preset: str, seeds: int) -> str:
    apart = "\nThe published numbers are of full-size models on the paper's own pairs, which these are not."
    return (
        f"Ours: {title}, preset {preset}, {seeds} seed{'s' * (seeds > 1)}; percent, 95 % intervals clustered by "
        f"article. Paper: Table 2.{apart if preset != 'paper' else ''}"
    )


def _check_weights(preset: str, weights: Path | None, baselines: Sequence[str]) -> None:
    if preset == "paper" and weights is None:
        raise InputError(
            "the paper's preset starts from the published checkpoints: name their folder by --weights; "
            f"`wikiorder weights fetch {baselines[0]} FOLDER/{baselines[0]}` gets one. --preset sample needs none."
        )
    for baseline in baselines:
        if weights is not None and not (weights / baseline).is_dir():
            raise InputError(
                f"{weights / baseline}: no such folder; `wikiorder weights fetch {baseline} "
                f"{weights / baseline}` makes it"
            )


def _choose(sets: dict[str, FrozenSet], wanted: Sequence[str]) -> list[str]:
    """The categories' full names. wanted: names or the paper's codes; none means all that the test set has."""
    from harness.published import table2 as published_table

    names = {code: name for name, code in published_table.codes().items()}
    chosen = [names.get(category, category) for category in wanted] or sorted(sets["test"].manifest.counts)
    for frozen in sets.values():
        for category in chosen:
            if not frozen.manifest.counts.get(category):
                held = ", ".join(sorted(frozen.manifest.counts))
                raise InputError(f"{frozen.root}: no pair of category {category!r}; it holds {held}")
    return list(dict.fromkeys(chosen))


def _identify(sets: dict[str, FrozenSet], preset: str, work: Work) -> dict[str, Any]:
    """All that the outcomes depend on. A grid may be gone on with only if these agree."""
    from harness import __version__

    settings = {key: value for key, value in asdict(work.settings).items() if key != "seed"}
    return {
        "sets": {subset: frozen.digest for subset, frozen in sets.items()},
        "preset": preset,
        "settings": settings,
        "start": "published checkpoints" if work.weights else "from scratch",
        "harness": __version__,
    }


def _run(cells: Sequence[Cell], work: Work, engine: dict[str, Any]) -> dict[Cell, str]:
    """Do what is not done yet; return what failed, and why."""
    from tqdm import tqdm

    from submissions.shared.grid import store

    ready = store.finished(work.out, cells)
    failures: dict[Cell, str] = {}
    began = time.monotonic()
    with (
        tqdm(total=len(cells), initial=len(ready), unit="cell", disable=None, dynamic_ncols=True) as bar,
        closing(_engine([cell for cell in cells if cell not in ready], work, **engine)) as finishing,
    ):
        for number, (cell, outcome) in enumerate(finishing, len(ready) + 1):
            if isinstance(outcome, str):
                failures[cell] = said = outcome
            else:
                store.write(work.out, outcome)
                said = f"{100 * outcome.accuracy:.1f}"
            bar.set_description_str(f"{cell}: {said}", refresh=False)
            bar.update()
            if bar.disable:  # nobody watches: one line a cell, for a log
                rate = tqdm.format_meter(
                    number, len(cells), time.monotonic() - began, initial=len(ready), unit="cell", bar_format=LOGGED
                )
                click.echo(f"{rate} {cell}: {said}", err=True)
    return failures


def _engine(cells: Sequence[Cell], work: Work, *, name: str, jobs: int, **ray: Any) -> Generator[Done]:
    from submissions.shared.grid import engines

    return engines.local(cells, work, jobs) if name == "local" else engines.on_ray(cells, work, **ray)


def _report(cells: Sequence[Cell], work: Work, identity: dict[str, Any], head: str) -> None:
    """Print the table, and write it as Markdown and JSON."""
    from harness.contract import files
    from submissions.shared.grid import store, table

    outcomes = store.finished(work.out, cells)
    if not outcomes:
        return
    if len(outcomes) < len(cells):
        head += f"\n{len(outcomes)} of {len(cells)} cells are finished; averages are over those."
    entries = table.compare(cells, outcomes)
    files.write(work.out / "table2.json", files.json_page(table.to_json(entries, cells, outcomes, identity)).encode())
    files.write(work.out / "table2.md", f"# {table.TITLE}\n\n{table.render(entries, head, 'github')}".encode())
    click.echo(f"{table.render(entries, head, 'simple')}\n{work.out}: table2.md, table2.json")
