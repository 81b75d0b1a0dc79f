"""The training loop: cross-entropy, Adam, every parameter; the checkpoint of the best validation epoch is kept.

A run works in a folder of its own, `work`. It holds `state.pt` (written after each epoch: everything that a resumed
run needs), `epoch-N/` (the best checkpoint so far) and `curves.jsonl`. A kill loses at most the current epoch, and a
resumed run ends in the same weights as an uninterrupted one. Not covered: equality across machines, or between CPU and
GPU.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from harness.contract import decoding, files
from harness.errors import InputError
from submissions.shared import curves
from submissions.shared.checkpoint import CheckpointRecord, Origin
from submissions.shared.curves import CURVES, Curve, best_of
from submissions.shared.examples import Examples, prefetch
from submissions.shared.execution import Execution, repeatable
from submissions.shared.model import OrderModel
from submissions.shared.settings import RecipeError, Settings

STATE = "state.pt"
LOSS_CHECKED = 50  # steps between two checks; reading the loss makes a GPU wait
VALIDATION_BATCH = 64  # pairs


class Validation(NamedTuple):
    """Mean cross-entropy and accuracy on the validation pairs."""

    loss: float
    accuracy: float


@dataclass
class Run:
    """One fine-tuning of one model.

    origin: the data and the starting point, for the checkpoint's record. chosen: the execution; None for the one that
    `settings.fast` means on this device.
    """

    model: OrderModel
    train: Examples
    validation: Examples
    settings: Settings
    origin: Origin
    work: Path
    device: torch.device
    chosen: Execution | None = None

    def __post_init__(self) -> None:
        self.model.to(self.device)
        self.execution = self.chosen or Execution.choose(self.settings.fast, self.device)
        self.optimizer = self.execution.optimizer(self.model, self.settings.learning_rate)
        self.step = self.execution.step(self.model)
        self.training_step = self.execution.step(self.model, compiled=True)
        self.curves: list[Curve] = []

    def finish(self, report: Callable[[Curve], None]) -> None:
        """Train the epochs that are not finished yet; call `report` after each."""
        self.work.mkdir(parents=True, exist_ok=True)
        self._resume()
        with repeatable(self.settings.deterministic):
            if self.settings.epochs == 0 and not self.curves:
                found = self._validate()
                self._close_epoch(Curve(epoch=0, validation_loss=found.loss, validation_accuracy=found.accuracy))
            for epoch in range(len(self.curves) + 1, self.settings.epochs + 1):
                self._close_epoch(self._attempt(epoch))
                report(self.curves[-1])

    def publish(self, final: Path) -> None:
        """Move the best checkpoint, with the curves, to `final`. A checkpoint at `final` is complete."""
        best = self._best_folder()
        shutil.copy(self.work / CURVES, best / CURVES)
        final.parent.mkdir(parents=True, exist_ok=True)
        best.rename(final)
        shutil.rmtree(self.work)

    def _attempt(self, epoch: int) -> Curve:
        try:
            return self._train_epoch(epoch)
        except RuntimeError as error:
            if not _out_of_memory(error):
                raise
        raise RecipeError(self._too_large())  # outside the handler, which keeps the tensors of the failed step alive

    def _train_epoch(self, epoch: int) -> Curve:
        started = time.monotonic()
        torch.manual_seed(1000 * self.settings.seed + epoch)  # order and dropout of a resumed epoch are the same
        order = torch.randperm(len(self.train)).tolist()
        turn = (torch.rand(len(order)) < 0.5).tolist() if self.settings.turn else None
        steps = math.ceil(len(order) / self.settings.batch)
        total, right = torch.zeros((), device=self.device), torch.zeros((), device=self.device)
        self.model.train()
        batches = self.train.batches(order, self.settings.batch, self.device, turn, self.execution.padding_multiple)
        if self.device.type == "cuda":
            batches = prefetch(batches)
        for step, (batch, labels) in enumerate(tqdm(batches, f"epoch {epoch}", steps, leave=False, disable=None)):
            self._set_learning_rate((epoch - 1) * steps + step, self.settings.epochs * steps)
            self.optimizer.zero_grad(set_to_none=True)
            loss, logits = self.training_step(batch, labels)
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(labels)
            right += (logits.argmax(-1) == labels).sum()
            if (step % LOSS_CHECKED == 0 or step == steps - 1) and not math.isfinite(total.item()):
                raise RecipeError(self._diverged(epoch, step + 1))
        seconds = time.monotonic() - started
        found = self._validate()
        return Curve(
            epoch=epoch,
            loss=total.item() / len(order),
            accuracy=right.item() / len(order),
            validation_loss=found.loss,
            validation_accuracy=found.accuracy,
            seconds=round(seconds, 2),
            pairs_per_second=len(order) / seconds,
        )

    def _set_learning_rate(self, step: int, steps: int) -> None:
        """Set the learning rate of one step. step: from 0, counted over all epochs. steps: of all epochs."""
        share = min(1.0, (step + 1) / self.settings.warm_up) if self.settings.warm_up else 1.0
        share *= 1 - step / steps if self.settings.decay else 1.0
        for group in self.optimizer.param_groups:
            group["lr"] = share * self.settings.learning_rate

    def _validate(self) -> Validation:
        """Measure loss and accuracy on the validation pairs, in the largest batches that fit into memory."""
        size = VALIDATION_BATCH
        while True:
            try:
                return self._validate_by(size)
            except RuntimeError as error:
                if size == 1 or not _out_of_memory(error):
                    raise
            size //= 2

    @torch.inference_mode()
    def _validate_by(self, size: int) -> Validation:
        self.model.eval()
        loss, right, count = 0.0, 0, len(self.validation)
        for batch, labels in self.validation.batches(range(count), size, self.device):
            mean, logits = self.step(batch, labels)
            loss += mean.item() * len(labels)
            right += int((logits.argmax(-1) == labels).sum())
        return Validation(loss / count, right / count)

    def _close_epoch(self, curve: Curve) -> None:
        """Make an epoch durable: write the checkpoint if it is the best, then the state; delete older checkpoints."""
        self.curves.append(curve)
        best = self._best_folder()
        if best.name == f"epoch-{curve.epoch}":
            shutil.rmtree(best, ignore_errors=True)
            self.model.save(best, self._record(curve), getattr(torch, self.settings.stored))
        curves.write(self.curves, self.work / CURVES)
        done = [decoding.to_json(curve) for curve in self.curves]
        state = {"identity": self._identity(), "curves": done, "model": self.model.state_dict()}
        with files.arriving(self.work / STATE) as partial, partial.open("wb") as stream:
            torch.save({**state, "optimizer": self.optimizer.state_dict()}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        for folder in self.work.glob("epoch-*"):
            if folder != best:
                shutil.rmtree(folder)

    def _record(self, best: Curve) -> CheckpointRecord:
        return CheckpointRecord(
            baseline=self.model.name,
            modality=self.model.modality,
            origin=self.origin,
            settings=self.settings,
            execution=self.execution,
            best_epoch=best.epoch,
            validation_accuracy=best.validation_accuracy,
        )

    def _best_folder(self) -> Path:
        return self.work / f"epoch-{best_of(self.curves).epoch}"

    def _resume(self) -> None:
        path = self.work / STATE
        if not path.is_file():
            return
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            identity = state["identity"]
            done = [decoding.convert(Curve, curve, str(path)) for curve in state["curves"]]
        except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, InputError) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise RecipeError(
                f"{path}: not the state of a run ({reason}); delete {self.work} and start again"
            ) from None
        if identity != self._identity():
            raise RecipeError(f"{path}: an unfinished run on other data or with other settings; choose another --out")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.curves = done

    def _identity(self) -> str:
        """Return everything that a run depends on. Only a run with the same identity may resume it."""
        return json.dumps(
            [asdict(self.origin), asdict(self.settings), self.model.name, self.model.modality], sort_keys=True
        )

    def _too_large(self) -> str:
        """Halve the batch until a step fits, and return the advice. The run ends, so the model may change."""
        size = self.settings.batch // 2
        while size:
            self.optimizer.zero_grad(set_to_none=True)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            try:
                self.step(*next(self.train.batches(range(size), size, self.device)))[0].backward()
                self.optimizer.step()
            except RuntimeError as error:
                if not _out_of_memory(error):
                    raise
            else:
                return f"out of memory at batch {self.settings.batch}; one of {size} fits: --batch {size}"
            size //= 2
        return (
            f"out of memory at batch {self.settings.batch}, and even at 1: this model needs a device with more memory"
        )

    def _diverged(self, epoch: int, step: int) -> str:
        kept = f"the best finished epoch is kept in {self._best_folder()}" if self.curves else "no epoch was finished"
        return f"the loss is no longer a number at epoch {epoch}, step {step}; {kept}. Lower --learning-rate."


def _out_of_memory(error: RuntimeError) -> bool:
    """Return whether an allocator failed. The GPU's raises an error type of its own, the CPU's a message."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
