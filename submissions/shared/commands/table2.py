"""`wikiorder reproduce table2`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.records import Modality
from submissions.shared.commands import ABOVE_0, FOLDER, cache_gib_option, cache_option, preset_option
from submissions.shared.settings import BASELINE_NAMES, PRESETS

SUBSETS = ("train", "validation", "test")
MODALITIES = click.Choice([m.value for m in Modality])
SHARE = click.FloatRange(0, 1, min_open=True)


@click.command(epilog="Example: wikiorder reproduce table2 --preset sample --seeds 3 --out runs/table2")
@click.option("--data", type=FOLDER, help="Frozen set with train, validation and test. Default: the sample.")
@click.option("--out", type=FOLDER, default=Path("runs/table2"), show_default=True, help="Folder of the grid.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Run cells in processes of this machine, or on a Ray cluster.",
)
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Cells at once (--engine local only)."
)
@click.option("--address", help="Address of a Ray cluster, such as `auto`. Default: start Ray on this machine.")
@click.option(
    "--gpu-share",
    type=SHARE,
    default=1.0,
    show_default=True,
    help="Fraction of one GPU that each cell may use (--engine ray only).",
)
@click.option("--cpus", type=ABOVE_0, default=1.0, show_default=True, help="CPU cores per cell (--engine ray only).")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Runs per cell, averaged.")
@click.option(
    "--baseline", "baselines", multiple=True, type=click.Choice(BASELINE_NAMES), help="Repeatable. Default: all."
)
@click.option("--modality", "modalities", multiple=True, type=MODALITIES, help="Repeatable. Default: all.")
@click.option(
    "--category", "categories", multiple=True, help="Name, or the paper's code such as FL. Repeatable. Default: all."
)
@preset_option
@click.option("--weights", type=FOLDER, help="Folder of pretrained checkpoints, with one sub-folder per baseline.")
@click.option("--epochs", type=click.IntRange(0), help="Epochs per model. Default: as the preset says.")
@click.option("--fast", is_flag=True, help="As `wikiorder finetune --fast`.")
@click.option("--deterministic", is_flag=True, help="As `wikiorder finetune --deterministic`.")
@click.option(
    "--discard-weights", is_flag=True, help="Delete fine-tuned weights: 90 full-size models would take 70 GB."
)
@click.option("--key-file", type=FOLDER, help="The release key of a hidden set.")
@cache_option
@cache_gib_option
def table2(
    data: Path | None,
    out: Path,
    engine: str,
    jobs: int,
    address: str | None,
    gpu_share: float,
    cpus: float,
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
) -> None:
    """Fine-tune and evaluate one model for each baseline, modality and category: 90 models, as in Table 2.

    Writes table2.md and table2.json into OUT. After a kill, the same command continues from the last finished epoch of
    each cell.
    """
    from harness.contract import frozen_set, shipped
    from harness.sandbox.process import ownership
    from submissions.shared.grid import reproduction, store
    from submissions.shared.grid.engines import EngineOptions

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # end the workers, as for Ctrl-C
    baselines = [name for name in BASELINE_NAMES if name in (baselines or BASELINE_NAMES)]  # in the paper's order
    modalities = [modality for modality in Modality if modality in (modalities or [*Modality])]
    reproduction.check_weights(preset, weights, baselines)
    settings = replace(PRESETS[preset], fast=fast, deterministic=deterministic)
    data = data or shipped.sample()
    sets = {subset: frozen_set.load(data / subset) for subset in SUBSETS}
    cells = store.plan(baselines, modalities, reproduction.choose_categories(sets, categories), seeds)
    work = store.Work(
        data=data.resolve(),
        out=out.resolve(),
        settings=settings if epochs is None else replace(settings, epochs=epochs),
        weights=weights.resolve() if weights else None,
        cache=cache.expanduser().resolve(),
        cache_bytes=int(cache_gib * 2**30),
        key_file=key_file.resolve() if key_file else None,
        keep=not discard_weights,
    )
    identity = reproduction.identify(sets, preset, work)
    ownership.write_as_owner_of(out)
    with store.alone(work.out, wait=False):
        store.agree(work.out, identity)
        failures = reproduction.run(cells, work, EngineOptions(engine, jobs, address, gpu_share, cpus))
        reproduction.report(cells, work.out, identity, reproduction.heading(sets["test"].title, preset, seeds))
    for cell, reason in failures.items():
        click.echo(f"failed: {cell}: {reason}", err=True)
    if failures:
        sys.exit(1)
