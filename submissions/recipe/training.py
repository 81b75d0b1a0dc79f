"""The training loop: cross-entropy, Adam, every parameter, and the best validation epoch is kept.

A run works in `work`, a folder of its own: `state.pt` after each epoch (all that a resumed run needs), `epoch-N/` (the
best checkpoint yet) and `curves.jsonl`. A kill loses at most the current epoch, and a resumed run ends in the same
weights as an uninterrupted one. Not covered: equality across machines, or between CPU and GPU.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from submissions.recipe.errors import RecipeError
from submissions.recipe.examples import Examples
from submissions.recipe.model import OrderModel
from submissions.recipe.settings import Settings

STATE = "state.pt"
CURVES = "curves.jsonl"
LOSS_CHECKED = 50  # steps; reading the loss after every step would make a GPU wait
VALIDATION_BATCH = 64

Curve = dict[str, float]


@dataclass
class Run:
    """One fine-tuning. record: what the checkpoint will say of itself, such as its data's digests."""

    model: OrderModel
    train: Examples
    validation: Examples
    settings: Settings
    record: dict[str, Any]
    work: Path
    device: torch.device

    def __post_init__(self) -> None:
        self.model.to(self.device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=self.settings.learning_rate)
        self.curves: list[Curve] = []

    def finish(self, report: Callable[[Curve], None]) -> None:
        """Train what is left to train."""
        self.work.mkdir(parents=True, exist_ok=True)
        self._resume()
        if self.settings.epochs == 0 and not self.curves:
            self._close_epoch({"epoch": 0, **self._validate()})
        for epoch in range(len(self.curves) + 1, self.settings.epochs + 1):
            try:
                self._close_epoch(self._train_epoch(epoch))
            except torch.OutOfMemoryError:
                raise RecipeError(self._too_large()) from None
            report(self.curves[-1])

    def publish(self, final: Path) -> None:
        """Move the best checkpoint to where predictors look, with the curves; what is there is finished."""
        best = self._best_folder()
        shutil.copy(self.work / CURVES, best / CURVES)
        final.parent.mkdir(parents=True, exist_ok=True)
        best.rename(final)
        shutil.rmtree(self.work)

    def _train_epoch(self, epoch: int) -> Curve:
        started = time.monotonic()
        torch.manual_seed(1000 * self.settings.seed + epoch)  # of order and dropout: a resumed epoch draws the same
        order = torch.randperm(len(self.train)).tolist()
        turn = (torch.rand(len(order)) < 0.5).tolist() if self.settings.turn else None
        steps = math.ceil(len(order) / self.settings.batch)
        total, right = torch.zeros((), device=self.device), torch.zeros((), device=self.device)
        self.model.train()
        batches = self.train.batches(order, self.settings.batch, self.device, turn)
        for step, (batch, labels) in enumerate(tqdm(batches, f"epoch {epoch}", steps, leave=False, disable=None)):
            self._set_learning_rate((epoch - 1) * steps + step, self.settings.epochs * steps)
            logits = self.model(batch).logits
            loss = cross_entropy(logits, labels)
            self.optimizer.zero_grad(set_to_none=True)
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

    @torch.inference_mode()
    def _validate(self) -> Curve:
        self.model.eval()
        loss, right, count = 0.0, 0, len(self.validation)
        for batch, labels in self.validation.batches(range(count), VALIDATION_BATCH, self.device):
            logits = self.model(batch).logits
            loss += cross_entropy(logits, labels, reduction="sum").item()
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
            self.model.save(best, {**self.record, "settings": asdict(self.settings), **kept}, stored)
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
        """The best epoch is the most accurate on the validation pairs; of equals, the one of least loss."""
        best = max(self.curves, key=lambda curve: (curve["validation_accuracy"], -curve["validation_loss"]))
        return self.work / f"epoch-{best['epoch']}"

    def _resume(self) -> None:
        path = self.work / STATE
        if not path.is_file():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["identity"] != self._identity():
            raise RecipeError(f"{path}: an unfinished run on other data or with other settings; choose another --out")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.curves = state["curves"]

    def _identity(self) -> str:
        """What must be equal for a run to be continued."""
        return json.dumps([self.record, asdict(self.settings), self.model.name, self.model.modality], sort_keys=True)

    def _too_large(self) -> str:
        """Half the batch, and half of that, until one fits."""
        size = self.settings.batch // 2
        while size:
            self.optimizer.zero_grad(set_to_none=True)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            try:
                batch, labels = next(self.train.batches(range(size), size, self.device))
                cross_entropy(self.model(batch).logits, labels).backward()  # type: ignore[no-untyped-call]
            except torch.OutOfMemoryError:
                size //= 2
            else:
                return f"out of memory at batch {self.settings.batch}; one of {size} fits: --batch {size}"
        return f"out of memory at batch {self.settings.batch}, and even at 1: this model needs a larger device"

    def _diverged(self, epoch: int, step: int) -> str:
        kept = f"the best finished epoch is kept in {self._best_folder()}" if self.curves else "no epoch was finished"
        return f"the loss is no longer a number at epoch {epoch}, step {step}; {kept}. Lower --learning-rate."
