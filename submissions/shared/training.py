"""The training loop: cross-entropy, Adam, every parameter, and the best validation epoch is kept.

A run works in `work`, a folder of its own: `state.pt` after each epoch (all that a resumed run needs), `epoch-N/` (the
best checkpoint yet) and `curves.jsonl`. A kill loses at most the current epoch, and a resumed run ends in the same
weights as an uninterrupted one. Not covered: equality across machines, or between CPU and GPU.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from submissions.shared.errors import RecipeError
from submissions.shared.examples import Examples, ahead
from submissions.shared.model import OrderModel
from submissions.shared.pace import Pace, repeatable
from submissions.shared.settings import Settings

STATE = "state.pt"
CURVES = "curves.jsonl"
LOSS_CHECKED = 50  # steps; reading the loss after every step would make a GPU wait
VALIDATION_BATCH = 64

Curve = dict[str, float]


@dataclass
class Run:
    """One fine-tuning. record: what the checkpoint will say of itself, such as its data's digests.

    chosen: the pace, where it is not to be what the settings mean on this device.
    """

    model: OrderModel
    train: Examples
    validation: Examples
    settings: Settings
    record: dict[str, Any]
    work: Path
    device: torch.device
    chosen: Pace | None = None

    def __post_init__(self) -> None:
        self.model.to(self.device)
        self.pace = self.chosen or Pace.of(self.settings.fast, self.device)
        self.optimizer = self.pace.optimizer(self.model, self.settings.learning_rate)
        self.step, self.training_step = self.pace.step(self.model), self.pace.step(self.model, compiled=True)
        self.curves: list[Curve] = []

    def finish(self, report: Callable[[Curve], None]) -> None:
        """Train what is left to train."""
        self.work.mkdir(parents=True, exist_ok=True)
        self._resume()
        with repeatable(self.settings.deterministic):
            if self.settings.epochs == 0 and not self.curves:
                self._close_epoch({"epoch": 0, **self._validate()})
            for epoch in range(len(self.curves) + 1, self.settings.epochs + 1):
                self._close_epoch(self._attempt(epoch))
                report(self.curves[-1])

    def publish(self, final: Path) -> None:
        """Move the best checkpoint to where predictors look, with the curves; what is there is finished."""
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
        raise RecipeError(self._too_large())  # behind the handler: it holds on to the step that did not fit

    def _train_epoch(self, epoch: int) -> Curve:
        started = time.monotonic()
        torch.manual_seed(1000 * self.settings.seed + epoch)  # of order and dropout: a resumed epoch draws the same
        order = torch.randperm(len(self.train)).tolist()
        turn = (torch.rand(len(order)) < 0.5).tolist() if self.settings.turn else None
        steps = math.ceil(len(order) / self.settings.batch)
        total, right = torch.zeros((), device=self.device), torch.zeros((), device=self.device)
        self.model.train()
        batches = self.train.batches(order, self.settings.batch, self.device, turn, self.pace.width)
        if self.device.type == "cuda":
            batches = ahead(batches)
        for step, (batch, labels) in enumerate(tqdm(batches, f"epoch {epoch}", steps, leave=False, disable=None)):
            self._set_learning_rate((epoch - 1) * steps + step, self.settings.epochs * steps)
            self.optimizer.zero_grad(set_to_none=True)
            loss, logits = self.training_step(batch, labels)
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            self.optimizer.step()
            total += loss.detach() * len(labels)
            right += (logits.argmax(-1) == labels).sum()
            if (step % LOSS_CHECKED == 0 or step == steps - 1) and not math.isfinite(total.item()):
                raise RecipeError(self._diverged(epoch, step + 1))
        seconds = time.monotonic() - started
        curve = {"epoch": epoch, "loss": total.item() / len(order), "accuracy": right.item() / len(order)}
        return {**curve, **self._validate(), "seconds": round(seconds, 2), "pairs_per_second": len(order) / seconds}

    def _set_learning_rate(self, step: int, steps: int) -> None:
        """step: from 0, over all epochs, which are `steps` long."""
        share = min(1.0, (step + 1) / self.settings.warm_up) if self.settings.warm_up else 1.0
        share *= 1 - step / steps if self.settings.decay else 1.0
        for group in self.optimizer.param_groups:
            group["lr"] = share * self.settings.learning_rate

    def _validate(self) -> Curve:
        """In batches of a size that fits, whatever the training's is."""
        size = VALIDATION_BATCH
        while True:
            try:
                return self._validate_by(size)
            except RuntimeError as error:
                if size == 1 or not _out_of_memory(error):
                    raise
            size //= 2

    @torch.inference_mode()
    def _validate_by(self, size: int) -> Curve:
        self.model.eval()
        loss, right, count = 0.0, 0, len(self.validation)
        for batch, labels in self.validation.batches(range(count), size, self.device):
            mean, logits = self.step(batch, labels)
            loss += mean.item() * len(labels)
            right += int((logits.argmax(-1) == labels).sum())
        return {"validation_loss": loss / count, "validation_accuracy": right / count}

    def _close_epoch(self, curve: Curve) -> None:
        """Make an epoch durable: the checkpoint if it is the best, then the state, and only then tidy up."""
        self.curves.append(curve)
        best = self._best_folder()
        if best.name == f"epoch-{curve['epoch']}":
            shutil.rmtree(best, ignore_errors=True)
            kept = {"best_epoch": curve["epoch"], "validation_accuracy": curve["validation_accuracy"]}
            stored = getattr(torch, self.settings.stored)
            made = {"settings": asdict(self.settings), "pace": asdict(self.pace)}
            self.model.save(best, {**self.record, **made, **kept}, stored)
        (self.work / CURVES).write_text("".join(json.dumps(entry) + "\n" for entry in self.curves), encoding="utf-8")
        state = {"identity": self._identity(), "curves": self.curves, "model": self.model.state_dict()}
        partial = self.work / f"{STATE}.partial"
        with partial.open("wb") as stream:
            torch.save({**state, "optimizer": self.optimizer.state_dict()}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(self.work / STATE)
        for folder in self.work.glob("epoch-*"):
            if folder != best:
                shutil.rmtree(folder)

    def _best_folder(self) -> Path:
        return self.work / f"epoch-{best_of(self.curves)['epoch']}"

    def _resume(self) -> None:
        path = self.work / STATE
        if not path.is_file():
            return
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            identity = state["identity"]
        except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError) as error:
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise RecipeError(f"{path}: not the state of a run ({first}); delete {self.work} and start anew") from None
        if identity != self._identity():
            raise RecipeError(f"{path}: an unfinished run on other data or with other settings; choose another --out")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.curves = state["curves"]

    def _identity(self) -> str:
        """What must be equal for a run to be continued."""
        return json.dumps([self.record, asdict(self.settings), self.model.name, self.model.modality], sort_keys=True)

    def _too_large(self) -> str:
        """Half the batch, and half of that, until a whole step fits; the run is lost anyway, and its state on disk."""
        size = self.settings.batch // 2
        while size:
            self.optimizer.zero_grad(set_to_none=True)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            try:
                self.step(*next(self.train.batches(range(size), size, self.device)))[0].backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()
            except RuntimeError as error:
                if not _out_of_memory(error):
                    raise
            else:
                return f"out of memory at batch {self.settings.batch}; one of {size} fits: --batch {size}"
            size //= 2
        return f"out of memory at batch {self.settings.batch}, and even at 1: this model needs a larger device"

    def _diverged(self, epoch: int, step: int) -> str:
        kept = f"the best finished epoch is kept in {self._best_folder()}" if self.curves else "no epoch was finished"
        return f"the loss is no longer a number at epoch {epoch}, step {step}; {kept}. Lower --learning-rate."


def best_of(curves: Sequence[Curve]) -> Curve:
    """The most accurate epoch on the validation pairs; of equals, the one of least loss."""
    return max(curves, key=lambda curve: (curve["validation_accuracy"], -curve["validation_loss"]))


def _out_of_memory(error: RuntimeError) -> bool:
    """A GPU's allocator has an error of its own, the CPU's has only words."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
