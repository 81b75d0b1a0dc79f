"""`curves.jsonl`, the loss and accuracy of every epoch of a run, and its chart. The owner of the format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from harness.contract import decoding
from harness.contract.decoding import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = "curves.jsonl"
CHART = "curves"  # .svg and .png
PANELS = (("loss", "cross-entropy"), ("accuracy", "share of right answers"))


class Curve(Record, frozen=True, kw_only=True):
    """One epoch. Accuracies are fractions in [0, 1], losses mean cross-entropies.

    Epoch 0 is the original model, so it has validation figures only.
    """

    epoch: int
    loss: float | UnsetType = UNSET
    accuracy: float | UnsetType = UNSET
    validation_loss: float
    validation_accuracy: float
    seconds: float | UnsetType = UNSET
    pairs_per_second: float | UnsetType = UNSET


def best_of(curves: Sequence[Curve]) -> Curve:
    """Return the epoch with the highest validation accuracy; among equals, the one with the lowest validation loss."""
    return max(curves, key=lambda curve: (curve.validation_accuracy, -curve.validation_loss))


def write(curves: Sequence[Curve], path: Path) -> None:
    """Write one line per epoch, with the fields in the order of the record."""
    path.write_text("".join(json.dumps(msgspec.to_builtins(curve)) + "\n" for curve in curves), encoding="utf-8")


def read(path: Path) -> list[Curve]:
    """Read the epochs of a run. An InputError names a line that is not valid."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [decoding.decode(Curve, line, f"{path}:{number}") for number, line in enumerate(lines, 1)]


def draw(checkpoint: Path, title: str) -> list[str]:
    """Draw the checkpoint's `curves.jsonl` and return the names of the pictures."""
    from harness.report import style

    return style.save(figure(read(checkpoint / CURVES), title), checkpoint, CHART)


def figure(curves: Sequence[Curve], title: str) -> Figure:
    """Draw loss and accuracy by epoch, in training and validation, and mark the epoch whose weights are kept."""
    from harness.report import style

    drawn, axes = style.panels(1, 2, 2.4)
    best = best_of(curves).epoch
    with style.styled():
        from matplotlib.ticker import MaxNLocator

        for axis, (measure, unit) in zip(axes, PANELS, strict=True):
            for number, (label, name) in enumerate((("training", measure), ("validation", f"validation_{measure}"))):
                points = [(curve.epoch, value) for curve in curves if (value := getattr(curve, name)) is not UNSET]
                if points:
                    axis.plot(*zip(*points, strict=True), label=label, markersize=4, **style.look(number))
            axis.axvline(best, color=style.GREY, linestyle=":", linewidth=1, label=f"epoch {best}, kept")
            axis.set(title=f"{title}: {measure}", xlabel="epoch", ylabel=unit)
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[0].legend()
    return drawn
