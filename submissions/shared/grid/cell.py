"""One cell: fine-tune a model on a category, ask it that category's test pairs, count. The same code in every engine.

Killed at any point, it goes on: an unfinished fine-tuning from its last epoch, an evaluation from its journal.
"""

from __future__ import annotations

import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch

from harness.contract import frozen_set, release, submission
from harness.contract.bundle import Bundle
from harness.errors import HarnessError, WikiOrderError
from harness.records import Modality
from harness.run import pipeline
from harness.run.session import Evaluation
from harness.sandbox.base import Limits
from harness.sandbox.process import ownership
from harness.sandbox.process.sandbox import ProcessSandbox
from submissions.shared.cache import PictureCache
from submissions.shared.errors import RecipeError
from submissions.shared.finetuning import UNFINISHED, Task, fine_tune
from submissions.shared.grid import store
from submissions.shared.grid.plan import Cell, Outcome, Work
from submissions.shared.model import read_record
from submissions.shared.settings import folder_name

SUBMISSIONS = Path(__file__).parents[2]
MEMORY_GIB = 16.0  # the manifests ask for what their small shipped models need

verified = cache(
    frozen_set.load
)  # a set is verified once a worker, not once a cell: the paper's pictures are gigabytes


def attempt(cell: Cell, work: Work) -> Outcome | str:
    """What came of a cell, or why nothing did."""
    try:
        return run_cell(cell, work)
    except (WikiOrderError, RecipeError) as error:
        return str(error)
    except OSError as error:  # a full disk, a folder that may not be written
        return f"{error.filename or 'the system'}: {error.strerror or error}"


def run_cell(cell: Cell, work: Work) -> Outcome:
    """Do a cell, or read what came of it earlier."""
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
        counts = tuple((row.article, row.correct, row.asked) for row in found.articles)
        outcome = Outcome(cell, counts, record["best_epoch"], record["validation_accuracy"])
        store.write(work.out, outcome)
        if not work.keep:
            shutil.rmtree(weights)
    return outcome


def _fine_tune(cell: Cell, work: Work, out: Path) -> None:
    train, validation = (verified(work.data / subset) for subset in ("train", "validation"))
    start = work.weights / cell.baseline if work.weights else None
    settings = replace(work.settings, seed=cell.seed)
    store_of_pictures = PictureCache(work.cache, work.cache_bytes)
    task = Task(cell.baseline, train, validation, cell.category, settings, start, store_of_pictures)
    fine_tune(task, Modality(cell.modality), out, resume=True)
    shutil.rmtree(out / UNFINISHED, ignore_errors=True)


def _evaluate(cell: Cell, work: Work, weights: Path, results: Path) -> Bundle:
    """As `wikiorder evaluate` does it, on the part of the test set that the model is for; no pair is asked twice."""
    part = frozen_set.of_category(verified(work.data / "test"), cell.category)
    canaries = release.secret(part, release.read_key(work.key_file) if work.key_file else None)
    subject = submission.load(SUBMISSIONS / cell.baseline)
    resources = replace(subject.resources, gpu=torch.cuda.is_available(), memory_gib=MEMORY_GIB)
    subject = replace(subject, resources=resources)
    order = Evaluation(subject, part, Modality(cell.modality), cell.seed, weights.resolve(), Limits(), 0, canaries)
    found = pipeline.evaluate(order, ProcessSandbox(), results, lambda *_: None)
    if found.result["status"] == "failed":
        raise HarnessError(f"the evaluation failed: {found.result['failure']['reason']}")
    return found
