"""Fine-tuning of one model on a frozen set. Only this trusted side of the recipe reads frozen sets and labels."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import torch

from harness.contract import frozen_set
from harness.errors import InputError
from harness.records import Modality, StepPair
from harness.serve import Pair
from submissions.shared import packages, published
from submissions.shared.baselines import ENCODERS
from submissions.shared.checkpoint import RECORD, Origin, read_record
from submissions.shared.curves import CURVES, Curve, draw
from submissions.shared.encoders import Encoders
from submissions.shared.examples import Examples, prepare
from submissions.shared.model import OrderModel, choose_threads
from submissions.shared.pictures import PictureCache
from submissions.shared.sequence import small_tokenizer
from submissions.shared.settings import Settings, SmallSize, folder_name
from submissions.shared.training import Run

UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Task:
    """One fine-tuning as a user asks for it, the same in every modality. category: full name; None for all."""

    baseline: str
    train: frozen_set.FrozenSet
    validation: frozen_set.FrozenSet
    category: str | None
    settings: Settings
    weights: Path | None
    cache: PictureCache


def fine_tune(task: Task, modality: Modality, out: Path, resume: bool = False) -> None:
    """Train one model and write the checkpoint of its best epoch into its sub-folder of `out`.

    Raises:
        InputError: `out` holds another run, or the task's data or weights do not fit.
    """
    final, work = out / folder_name(modality), out / UNFINISHED / folder_name(modality)
    if (final / RECORD).is_file() and resume:
        check_same(final, task, modality)
        click.echo(f"{modality}: finished already")
        return
    if final.exists() or (work.exists() and not resume):
        raise InputError(
            f"{out}: holds a run of {modality} already; continue it with --resume, or choose another --out"
        )
    torch.manual_seed(task.settings.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = OrderModel(task.baseline, modality, starting_point(task), task.settings.frozen_pictures).to(device)
    choose_threads(model)
    train, validation = (load_examples(part, task, model) for part in (task.train, task.validation))
    origin = Origin(
        task.category, digests(task), start_name(task), {"train": len(train), "validation": len(validation)}
    )
    run = Run(model, train, validation, task.settings, origin, work, device)
    run.finish(lambda curve: click.echo(f"{modality}: {progress_line(curve, task.settings.epochs)}"))
    run.publish(final)
    if not any(work.parent.iterdir()):
        work.parent.rmdir()
    try:
        draw(final, f"{task.baseline}, {modality}")
    except InputError as error:  # without matplotlib, the run is still finished
        click.echo(f"{modality}: {CURVES} is not drawn: {error}")
    _open_to_all(out, final)


def _open_to_all(out: Path, final: Path) -> None:
    """Let every user read a finished checkpoint: safetensors writes mode 0600, and the umask may close the rest.

    A file system without modes may refuse; the sandbox then gives the predictor a copy.
    """
    with suppress(OSError):
        for path in (out, final, *final.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def digests(task: Task) -> dict[str, str]:
    """Return the digest of each subset that the task trains and validates on."""
    return {"train": task.train.digest, "validation": task.validation.digest}


def start_name(task: Task) -> str:
    """Return the starting point as a checkpoint records it."""
    return task.weights.name if task.weights else "from scratch"


def check_same(final: Path, task: Task, modality: Modality) -> None:
    """Compare a finished checkpoint with the task.

    Raises:
        InputError: the checkpoint is of another task; the message names the fields that differ.
    """
    record = read_record(final)
    compared = {
        "baseline": (record.baseline, task.baseline),
        "modality": (record.modality, modality.value),
        "category": (record.origin.category, task.category),
        "data": (record.origin.data, digests(task)),
        "start": (record.origin.start, start_name(task)),
    }
    found, wanted = asdict(record.settings), asdict(task.settings)
    compared |= {f"settings.{name}": (found[name], wanted[name]) for name in wanted}
    differing = [name for name, (one, other) in compared.items() if one != other]
    if differing:
        raise InputError(
            f"{final}: a finished checkpoint of another run: it differs in {', '.join(differing)}; choose another --out"
        )


def starting_point(task: Task) -> Encoders:
    """Return the pretrained encoders, or small random ones with a tokenizer trained on the train set's text.

    Raises:
        InputError: `--weights` holds a fine-tuned checkpoint.
    """
    kind = ENCODERS[task.baseline]
    if task.weights is not None:
        if (task.weights / RECORD).is_file():
            raise InputError(
                f"{task.weights}: a fine-tuned checkpoint; name the folder of a published one by --weights"
            )
        (packages if task.baseline in packages.PACKAGED else published).check(task.baseline, task.weights)
        return kind.load(task.weights)
    size = SmallSize()
    texts = [text for q in task.train.questions for text in (q.title, q.first.headline, q.second.headline)]
    return kind.small(size, small_tokenizer(texts, kind.special_tokens, size.vocabulary))


def load_examples(part: frozen_set.FrozenSet, task: Task, model: OrderModel) -> Examples:
    """Return the examples of the task's category, with the parts of a question that the modality sends.

    Raises:
        InputError: the set holds no pair of the category.
    """
    rows = [
        (sent_pair(question, Modality(model.modality)), answer.label)
        for question, answer in zip(part.questions, part.truths, strict=True)
        if task.category in (None, question.category)
    ]
    if not rows:
        held = ", ".join(sorted({question.category for question in part.questions}))
        raise InputError(f"{part.root}: no pair of category {task.category!r}; it holds {held or 'no pair at all'}")
    pairs, labels = zip(*rows, strict=True)
    return prepare(pairs, labels, part.root, model, task.cache)


def sent_pair(question: StepPair, modality: Modality) -> Pair:
    """Return the question as a predictor of this modality gets it, with the names of its pictures in the set."""
    first, second = question.first, question.second
    headlines = (first.headline, second.headline) if modality.sends_headlines else None
    images = (first.image, second.image) if modality.sends_images else None
    return Pair(question.pair_id, question.title, headlines, images)


def progress_line(curve: Curve, epochs: int) -> str:
    """Return one line that reports a finished epoch."""
    return (
        f"epoch {curve.epoch}/{epochs}: loss {curve.loss:.3f}, validation accuracy "
        f"{curve.validation_accuracy:.3f}, {curve.pairs_per_second:.0f} pairs/s"
    )
