"""Running one cell: fine-tune a model on one category and evaluate it on that category's test pairs.

Every engine runs this code. After a kill, fine-tuning resumes from the last finished epoch, and the evaluation from its
journal.
"""

from __future__ import annotations

import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from msgspec import structs

from harness.contract import frozen_set, release, submission
from harness.contract.bundle import Bundle
from harness.errors import HarnessError, WikiOrderError
from harness.records import Modality
from harness.run import pipeline
from harness.run.session import Evaluation
from harness.sandbox.base import Limits
from harness.sandbox.process import ownership
from harness.sandbox.process.sandbox import ProcessSandbox
from submissions.shared.checkpoint import read_record
from submissions.shared.finetuning import UNFINISHED, Task, fine_tune
from submissions.shared.grid import store
from submissions.shared.grid.store import ArticleTally, Cell, Outcome, Work
from submissions.shared.pictures import PictureCache
from submissions.shared.settings import RecipeError, folder_name

SUBMISSIONS = Path(__file__).parents[2]
MEMORY_GIB = 16.0  # for full-size models; the manifests ask for less, because their shipped models are small

verified = cache(frozen_set.load)  # once per worker, not once per cell: the paper's pictures are gigabytes


def attempt(cell: Cell, work: Work) -> Outcome | str:
    """Return the outcome of a cell, or the reason why it failed."""
    try:
        return run_cell(cell, work)
    except (WikiOrderError, RecipeError) as error:
        return str(error)
    except OSError as error:  # such as a full disk, or a folder without write permission
        return f"{error.filename or 'the system'}: {error.strerror or error}"


def run_cell(cell: Cell, work: Work) -> Outcome:
    """Run a cell, or read the outcome of an earlier run."""
    ownership.write_as_owner_of(work.out)
    folder = work.out / cell.folder
    with store.alone(folder, wait=True):
        if done := store.read(work.out, cell):
            return done
        with (folder / "log").open("a", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
            weights = folder / "weights"
            _fine_tune(cell, work, weights)
            record = read_record(weights / folder_name(cell.modality))
            found = _evaluate(cell, work, weights, folder / "results")
        outcome = Outcome(
            cell=cell,
            articles=tuple(ArticleTally(row.article, row.correct, row.asked) for row in found.articles),
            best_epoch=record.best_epoch,
            validation_accuracy=record.validation_accuracy,
        )
        store.write(work.out, outcome)
        if not work.keep:
            shutil.rmtree(weights)
    return outcome


def _fine_tune(cell: Cell, work: Work, out: Path) -> None:
    train, validation = (verified(work.data / subset) for subset in ("train", "validation"))
    start = work.weights / cell.baseline if work.weights else None
    settings = replace(work.settings, seed=cell.seed)
    pictures = PictureCache(work.cache, work.cache_bytes)
    task = Task(cell.baseline, train, validation, cell.category, settings, start, pictures)
    fine_tune(task, Modality(cell.modality), out, resume=True)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)


def _evaluate(cell: Cell, work: Work, weights: Path, results: Path) -> Bundle:
    """Evaluate as `wikiorder evaluate` does, on the test pairs of the cell's category and without variants."""
    part = frozen_set.of_category(verified(work.data / "test"), cell.category)
    canaries = release.secret(part, release.read_key(work.key_file) if work.key_file else None)
    subject = submission.load(SUBMISSIONS / cell.baseline)
    resources = structs.replace(subject.resources, gpu=torch.cuda.is_available(), memory_gib=MEMORY_GIB)
    subject = replace(subject, manifest=structs.replace(subject.manifest, resources=resources))
    evaluation = Evaluation(subject, part, Modality(cell.modality), cell.seed, weights.resolve(), Limits(), 0, canaries)
    found = pipeline.evaluate(evaluation, ProcessSandbox(), results, lambda *_: None)
    if found.result.failure is not None:
        raise HarnessError(f"the evaluation failed: {found.result.failure.reason}")
    return found
