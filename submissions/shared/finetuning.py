"""The trusted side of the recipe. It alone sees labels, and it alone may read frozen sets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import torch

from harness.contract import frozen_set
from harness.errors import InputError
from harness.records import Modality, StepPair
from harness.serve import Pair
from submissions.shared import packages, published
from submissions.shared.baselines import ENCODERS
from submissions.shared.cache import PictureCache
from submissions.shared.curves import draw
from submissions.shared.encoders import Encoders
from submissions.shared.examples import Examples, prepare
from submissions.shared.model import RECORD, OrderModel, choose_threads, read_record
from submissions.shared.sequence import small_tokenizer
from submissions.shared.settings import PRESETS, Settings, SmallSize, folder_name
from submissions.shared.training import CURVES, Curve, Run

UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Task:
    """What is asked for, the same in every modality."""

    baseline: str
    train: frozen_set.FrozenSet
    validation: frozen_set.FrozenSet
    category: str | None
    settings: Settings
    weights: Path | None
    cache: PictureCache


def fine_tune(task: Task, modality: Modality, out: Path, resume: bool = False) -> None:
    """Train one model and put its best epoch into its sub-folder of `out`."""
    final, work = out / folder_name(modality), out / UNFINISHED / folder_name(modality)
    if (final / RECORD).is_file() and resume:
        check_same(final, task, modality)
        click.echo(f"{modality}: finished already")
        return
    if final.exists() or (work.exists() and not resume):
        raise InputError(
            f"{out}: holds a run of {modality} already; go on with it by --resume, or choose another --out"
        )
    torch.manual_seed(task.settings.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = OrderModel(task.baseline, modality, starting_point(task), task.settings.frozen_pictures).to(device)
    choose_threads(model)
    train, validation = (ready(part, task, model) for part in (task.train, task.validation))
    record = {**origin(task), "pairs": {"train": len(train), "validation": len(validation)}}
    run = Run(model, train, validation, task.settings, record, work, device)
    run.finish(lambda curve: click.echo(f"{modality}: {line(curve, task.settings.epochs)}"))
    run.publish(final)
    if not any(work.parent.iterdir()):
        work.parent.rmdir()
    try:
        draw(final, f"{task.baseline}, {modality}")
    except InputError as error:  # without matplotlib, the run is finished all the same
        click.echo(f"{modality}: {CURVES} is not drawn: {error}")


def origin(task: Task) -> dict[str, Any]:
    """What a checkpoint says of where it comes from."""
    return {
        "category": task.category,
        "data": {"train": task.train.digest, "validation": task.validation.digest},
        "start": task.weights.name if task.weights else "from scratch",
    }


def check_same(final: Path, task: Task, modality: Modality) -> None:
    """Refuse a finished checkpoint that is not of this task."""
    record = read_record(final)
    wanted = {"baseline": task.baseline, "modality": modality.value, **origin(task)}
    wanted |= {f"settings.{name}": value for name, value in asdict(task.settings).items()}
    settings = asdict(PRESETS["paper"]) | record.get("settings", {})  # an older record lacks the newer settings
    record |= {f"settings.{name}": value for name, value in settings.items()}
    differing = [name for name, value in wanted.items() if record.get(name) != value]
    if differing:
        raise InputError(
            f"{final}: a finished checkpoint of another run: it differs in {', '.join(differing)}; choose another --out"
        )


def starting_point(task: Task) -> Encoders:
    """The pretrained encoders, or small ones that know nothing yet and whose tokenizer reads the train set's text."""
    kind = ENCODERS[task.baseline]
    if task.weights is not None:
        if (task.weights / RECORD).is_file():
            raise InputError(f"{task.weights}: a fine-tuned checkpoint; --weights wants a published one, to start from")
        (packages if task.baseline in packages.PACKAGED else published).check(task.baseline, task.weights)
        return kind.load(task.weights)
    size = SmallSize()
    texts = [text for q in task.train.questions for text in (q.title, q.first.headline, q.second.headline)]
    return kind.small(size, small_tokenizer(texts, kind.marks, size.vocabulary))


def ready(part: frozen_set.FrozenSet, task: Task, model: OrderModel) -> Examples:
    """The set's questions of the task's category, with what the modality sends."""
    rows = [
        (asked(question, Modality(model.modality)), answer.label)
        for question, answer in zip(part.questions, part.truths, strict=True)
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
