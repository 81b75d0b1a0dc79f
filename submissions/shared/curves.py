"""How a run went, as a picture beside its `curves.jsonl`: loss and accuracy by epoch, in training and in validation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from submissions.shared.training import CURVES, Curve, best_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE = "curves"  # .svg and .png
PANELS = (("loss", "cross-entropy"), ("accuracy", "share of right answers"))


def draw(checkpoint: Path, title: str) -> list[str]:
    """Draw what the checkpoint's `curves.jsonl` tells; returns the names of the pictures."""
    from harness.report import style

    lines = (checkpoint / CURVES).read_text(encoding="utf-8").splitlines()
    return style.save(figure([json.loads(line) for line in lines], title), checkpoint, PICTURE)


def figure(curves: Sequence[Curve], title: str) -> Figure:
    """The best epoch is marked, since its weights are the ones kept; epoch 0, the original model, trained nothing."""
    from harness.report import style

    drawn, axes = style.panels(1, 2, 2.4)
    best = best_of(curves)["epoch"]
    with style.styled():
        from matplotlib.ticker import MaxNLocator

        for axis, (what, unit) in zip(axes, PANELS, strict=True):
            for number, (label, key) in enumerate((("training", what), ("validation", f"validation_{what}"))):
                points = [(curve["epoch"], curve[key]) for curve in curves if key in curve]
                if points:
                    axis.plot(*zip(*points, strict=True), label=label, markersize=4, **style.look(number))
            axis.axvline(best, color=style.GREY, linestyle=":", linewidth=1, label=f"epoch {best:.0f}, kept")
            axis.set(title=f"{title}: {what}", xlabel="epoch", ylabel=unit)
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[0].legend()
    return drawn
