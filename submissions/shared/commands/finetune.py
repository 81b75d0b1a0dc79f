"""`wikiorder finetune`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from harness.errors import InputError
from harness.records import Modality
from submissions.shared.settings import PRESETS


@click.command()
@click.argument("baseline", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="A built set: holds train/, validation/.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The run: one sub-folder a modality.")
@click.option(
    "--modality", multiple=True, type=click.Choice([m.value for m in Modality]), help="Default: all three, one by one."
)
@click.option("--category", help="Train on this category alone.")
@click.option("--pooled", is_flag=True, help="Train one model for all categories: the default, said aloud.")
@click.option("--preset", type=click.Choice([*PRESETS]), default="paper", show_default=True)
@click.option("--weights", type=click.Path(path_type=Path), help="The folder of a pretrained checkpoint.")
@click.option("--epochs", type=click.IntRange(0), help="0 writes the original model, before fine-tuning.")
@click.option("--batch", type=click.IntRange(1), help="Pairs a step.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True))
@click.option("--seed", type=click.IntRange(0))
@click.option("--fast/--plain", default=None, help="Fused, and on a GPU compiled and in bfloat16. Default: plain.")
@click.option("--deterministic", is_flag=True, default=None, help="The same bits each time, at some cost on a GPU.")
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped.")
@click.option(
    "--cache", type=click.Path(path_type=Path), default=Path("~/.cache/wikiorder/pictures"), show_default=True
)
@click.option("--cache-gib", type=click.FloatRange(0, min_open=True), default=20.0, show_default=True)
def finetune(
    baseline: Path,
    data: Path,
    out: Path,
    modality: Sequence[str],
    category: str | None,
    pooled: bool,
    preset: str,
    weights: Path | None,
    resume: bool,
    cache: Path,
    cache_gib: float,
    **changes: Any,
) -> None:
    """Fine-tune a baseline on a frozen train set.

    \b
    wikiorder finetune submissions/clip --data DIR --modality vision+text --weights CLIP --out RUN
    wikiorder finetune submissions/clip --data DIR --preset sample --out RUN
    wikiorder finetune submissions/open_weights --data DIR --preset open --weights OPEN --out RUN
    """
    from harness.contract import frozen_set, submission
    from submissions.shared.baselines import ENCODERS
    from submissions.shared.cache import PictureCache
    from submissions.shared.errors import RecipeError
    from submissions.shared.finetuning import Task, fine_tune

    if pooled and category is not None:
        raise InputError(f"--pooled trains one model for all categories, --category {category} one for it: choose one")
    name = submission.load(baseline).name
    if name not in ENCODERS:
        raise InputError(f"{baseline}: {name} is no baseline of this recipe; wanted one of {', '.join(ENCODERS)}")
    if preset != "sample" and weights is None:
        raise InputError(
            f"the preset {preset} starts from a published checkpoint: `wikiorder weights fetch {name} FOLDER`, then "
            "`--weights FOLDER`"
        )
    settings = replace(PRESETS[preset], **{key: value for key, value in changes.items() if value is not None})
    train, validation = (frozen_set.load(data / subset) for subset in ("train", "validation"))
    store = PictureCache(cache.expanduser(), int(cache_gib * 2**30))
    task = Task(name, train, validation, category, settings, weights, store)
    try:
        for chosen in modality or [*Modality]:
            fine_tune(task, Modality(chosen), out, resume)
    except RecipeError as error:
        raise InputError(str(error)) from None
    click.echo(f"done: wikiorder evaluate {baseline} --weights {out} --data {data / 'test'}")
