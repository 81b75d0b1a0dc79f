"""`wikiorder finetune`: the trusted side of the recipe. It alone sees labels, and it alone may read frozen sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import torch

from harness import submission, testset
from harness.records import InputError, Modality, StepPair
from harness.serve import Pair
from submissions.recipe import published
from submissions.recipe.baselines import BASELINES
from submissions.recipe.cache import PictureCache
from submissions.recipe.encoders import Encoders
from submissions.recipe.errors import RecipeError
from submissions.recipe.examples import Examples, prepare
from submissions.recipe.model import RECORD, OrderModel, choose_threads
from submissions.recipe.sequence import small_tokenizer
from submissions.recipe.settings import PRESETS, Settings, SmallSize, folder_name
from submissions.recipe.training import Curve, Run

UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Task:
    """What is asked for, the same in every modality."""

    baseline: str
    train: testset.FrozenSet
    validation: testset.FrozenSet
    category: str | None
    settings: Settings
    weights: Path | None
    cache: PictureCache


@click.command()
@click.argument("baseline", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="A built set: holds train/, validation/.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The run: one sub-folder a modality.")
@click.option(
    "--modality", multiple=True, type=click.Choice([m.value for m in Modality]), help="Default: all three, one by one."
)
@click.option("--category", help="Train on this category alone. Default: one model for all.")
@click.option("--preset", type=click.Choice([*PRESETS]), default="paper", show_default=True)
@click.option("--weights", type=click.Path(path_type=Path), help="The folder of a pretrained checkpoint.")
@click.option("--epochs", type=click.IntRange(0), help="0 writes the original model, before fine-tuning.")
@click.option("--batch", type=click.IntRange(1), help="Pairs a step.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True))
@click.option("--seed", type=click.IntRange(0))
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
    """
    name = submission.load(baseline).name
    if name not in BASELINES:
        raise InputError(f"{baseline}: {name} is no baseline of this recipe; wanted one of {', '.join(BASELINES)}")
    if preset == "paper" and weights is None:
        raise InputError(
            f"the paper's preset starts from a published checkpoint: `wikiorder weights fetch {name} FOLDER`, then "
            "`--weights FOLDER`"
        )
    settings = replace(PRESETS[preset], **{key: value for key, value in changes.items() if value is not None})
    train, validation = (testset.load(data / subset) for subset in ("train", "validation"))
    store = PictureCache(cache.expanduser(), int(cache_gib * 2**30))
    task = Task(name, train, validation, category, settings, weights, store)
    try:
        for chosen in modality or [*Modality]:
            fine_tune(task, Modality(chosen), out, resume)
    except RecipeError as error:
        raise InputError(str(error)) from None
    click.echo(f"done: wikiorder evaluate {baseline} --weights {out} --data {data / 'test'}")


def fine_tune(task: Task, modality: Modality, out: Path, resume: bool = False) -> None:
    """Train one model and put its best epoch into its sub-folder of `out`."""
    final, work = out / folder_name(modality), out / UNFINISHED / folder_name(modality)
    if (final / RECORD).is_file() and resume:
        click.echo(f"{modality}: finished already")
        return
    if final.exists() or (work.exists() and not resume):
        raise InputError(
            f"{out}: holds a run of {modality} already; go on with it by --resume, or choose another --out"
        )
    torch.manual_seed(task.settings.seed)
    model = OrderModel(task.baseline, modality, starting_point(task))
    choose_threads(model)
    train, validation = (ready(part, task, model) for part in (task.train, task.validation))
    record = {
        "category": task.category,
        "data": {"train": task.train.digest, "validation": task.validation.digest},
        "pairs": {"train": len(train), "validation": len(validation)},
        "start": task.weights.name if task.weights else "from scratch",
    }
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run = Run(model, train, validation, task.settings, record, work, device)
    run.finish(lambda curve: click.echo(f"{modality}: {line(curve, task.settings.epochs)}"))
    run.publish(final)
    if not any(work.parent.iterdir()):
        work.parent.rmdir()


def starting_point(task: Task) -> Encoders:
    """The pretrained encoders, or small ones that know nothing yet and whose tokenizer reads the train set's text."""
    kind = BASELINES[task.baseline]
    if task.weights is not None:
        if (task.weights / RECORD).is_file():
            raise InputError(f"{task.weights}: a fine-tuned checkpoint; --weights wants a published one, to start from")
        encoders = kind.load(task.weights)
        published.check(task.baseline, task.weights)
        return encoders
    size = SmallSize()
    texts = [text for q in task.train.questions for text in (q.title, q.first.headline, q.second.headline)]
    return kind.small(size, small_tokenizer(texts, kind.marks, size.vocabulary))


def ready(part: testset.FrozenSet, task: Task, model: OrderModel) -> Examples:
    """The set's questions of the task's category, with what the modality sends."""
    rows = [
        (asked(question, Modality(model.modality)), answer.label)
        for question, answer in zip(part.questions, part.answers, strict=True)
        if task.category in (None, question.category)
    ]
    if not rows:
        held = ", ".join(sorted({question.category for question in part.questions}))
        raise InputError(f"{part.root}: no pair of category {task.category!r}; it holds {held or 'none at all'}")
    pairs, labels = zip(*rows, strict=True)
    return prepare(pairs, labels, part.root, model, task.cache)


def asked(question: StepPair, modality: Modality) -> Pair:
    """The question as a predictor of this modality gets it, with its pictures' names in the set."""
    first, second = question.first, question.second
    headlines = (first.headline, second.headline) if modality.sends_headlines else None
    images = (first.image, second.image) if modality.sends_images else None
    return Pair(question.pair_id, question.title, headlines, images)


def line(curve: Curve, epochs: int) -> str:
    return (
        f"epoch {curve['epoch']}/{epochs}: loss {curve['loss']:.3f}, validation accuracy "
        f"{curve['validation_accuracy']:.3f}, {curve['pairs_per_second']:.0f} pairs/s"
    )
