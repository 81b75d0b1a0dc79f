"""`wikiorder finetune`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click

from harness.commands.submission_folder import SubmissionFolder
from harness.errors import InputError
from harness.records import Modality
from submissions.shared.commands import ABOVE_0, FOLDER, cache_gib_option, cache_option, preset_option, reported
from submissions.shared.settings import ENCODER_NAMES, PRESETS


@click.command(epilog="Example: wikiorder finetune submissions/clip --data DIR --preset sample --out RUN")
@click.argument("baseline", type=SubmissionFolder())
@click.option("--data", required=True, type=FOLDER, help="Frozen set with the subsets train and validation.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the run, with one sub-folder per modality.")
@click.option(
    "--modality",
    "modalities",
    multiple=True,
    type=click.Choice([m.value for m in Modality]),
    help="Repeatable. Default: all three, one model each.",
)
@click.option("--category", help="Train on one category: its name, or the paper's code such as CE. Default: all.")
@click.option("--pooled", is_flag=True, help="Train one model on all categories, which is the default.")
@preset_option
@click.option("--weights", type=FOLDER, help="Folder of the pretrained checkpoint to start from.")
@click.option("--epochs", type=click.IntRange(0), help="0 writes the original model, before fine-tuning.")
@click.option("--batch", type=click.IntRange(1), help="Pairs per optimiser step.")
@click.option("--learning-rate", type=ABOVE_0, help="Peak learning rate of Adam.")
@click.option("--seed", type=click.IntRange(0), help="Seed of initial weights, order and dropout.")
@click.option(
    "--fast/--plain", default=None, help="Fused optimiser; on a GPU also compiled and in bfloat16. Default: plain."
)
@click.option("--deterministic", is_flag=True, default=None, help="The same bits each time; slower on a GPU.")
@click.option("--resume", is_flag=True, help="Continue a stopped run from the last finished epoch.")
@cache_option
@cache_gib_option
def finetune(
    baseline: Path,
    data: Path,
    out: Path,
    modalities: Sequence[str],
    category: str | None,
    pooled: bool,
    preset: str,
    weights: Path | None,
    resume: bool,
    cache: Path,
    cache_gib: float,
    **changes: Any,
) -> None:
    """Fine-tune BASELINE on a frozen set and keep the checkpoint of the best validation epoch.

    BASELINE is its submission folder. After a kill, --resume continues from the last finished epoch.
    """
    from harness.contract import frozen_set, submission
    from submissions.shared.finetuning import Task, fine_tune
    from submissions.shared.grid.table import full_name
    from submissions.shared.pictures import PictureCache

    if pooled and category is not None:
        _refuse(f"--pooled trains one model for all categories, --category {category} one for it: choose one")
    name = submission.load(baseline).name
    if name not in ENCODER_NAMES:
        _refuse(f"{baseline}: {name} is no baseline of this recipe; wanted one of {', '.join(ENCODER_NAMES)}")
    if preset != "sample" and weights is None:
        _refuse(
            f"the preset {preset} starts from a published checkpoint: `wikiorder weights fetch {name} FOLDER`, then "
            "`--weights FOLDER`"
        )
    settings = replace(PRESETS[preset], **{key: value for key, value in changes.items() if value is not None})
    train, validation = (frozen_set.load(data / subset) for subset in ("train", "validation"))
    chosen = category and full_name(category, train.manifest.counts)
    pictures = PictureCache(cache.expanduser(), int(cache_gib * 2**30))
    task = Task(name, train, validation, chosen, settings, weights, pictures)
    with reported():
        for modality in modalities or [*Modality]:
            fine_tune(task, Modality(modality), out, resume)
    click.echo(f"done: wikiorder evaluate {baseline} --weights {out} --data {data / 'test'}")


def _refuse(reason: str) -> NoReturn:
    raise InputError(reason)
