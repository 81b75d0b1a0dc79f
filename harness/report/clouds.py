"""Figs. 3 and 4: where a model keeps pictures and where it keeps text, on the plane of largest variance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from harness.report.style import IMAGE, TEXT, panels, styled
from harness.statistics.embedding_gap import principal_components
from harness.statistics.intervals import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3  # a panel is then wide enough for the longest category's name


def by_category(vectors: Mapping[str, tuple[Floats, Floats]]) -> Figure:
    """Fig. 3. vectors: category -> unit vectors of pictures and of texts, each (n, dimension). One panel each."""
    columns = min(COLUMNS, len(vectors))
    rows = -(-len(vectors) // columns)
    figure, axes = panels(rows, columns, 2.2 if columns > 2 else 3.4)
    with styled():
        for axis, (category, (images, texts)) in zip(axes, vectors.items(), strict=False):
            _scatter(axis, images, texts, category)
        for axis in axes[len(vectors) :]:
            axis.set_visible(False)
        _legend(figure, axes[0])
    return figure


def together(vectors: Mapping[str, tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """All categories' pictures, and all their texts."""
    images, texts = zip(*vectors.values(), strict=True)
    return np.concatenate(images), np.concatenate(texts)


def before_and_after(before: tuple[Floats, Floats], after: tuple[Floats, Floats]) -> Figure:
    """Fig. 4: the same pairs before and after fine-tuning, each on its own plane."""
    figure, axes = panels(1, 2, 3.2)
    with styled():
        _scatter(axes[0], *before, "before fine-tuning")
        _scatter(axes[1], *after, "after fine-tuning")
        _legend(figure, axes[0])
    return figure


def _scatter(axis: Axes, images: Floats, texts: Floats, title: str) -> None:
    points, explained = principal_components(np.concatenate([images, texts]))
    if points[: len(images), 0].mean() > 0:  # pictures on the left in every panel
        points[:, 0] *= -1
    gap = np.linalg.norm(images.mean(0) - texts.mean(0))
    for part, colour, marker, label in (
        (points[: len(images)], IMAGE, "o", "pictures"),
        (points[len(images) :], TEXT, "x", "texts"),
    ):
        edge = {"linewidths": 0} if marker == "o" else {"linewidths": 0.8}
        axis.scatter(part[:, 0], part[:, 1], s=10, color=colour, marker=marker, alpha=0.6, label=label, **edge)
    centres = [points[: len(images)].mean(0), points[len(images) :].mean(0)]
    axis.plot(*np.transpose(centres), color="black", linewidth=1.2, zorder=4)
    axis.set_title(title, loc="left", fontsize=7, pad=12)
    axis.text(0, 1.02, f"gap {gap:.3f}", transform=axis.transAxes, fontsize=7)
    axis.set_xlabel(f"PC 1 ({explained[0]:.0%})", fontsize=7)
    axis.set_ylabel(f"PC 2 ({explained[1]:.0%})", fontsize=7)
    axis.set_aspect("equal", adjustable="datalim")
    axis.tick_params(labelsize=6)


def _legend(figure: Figure, axis: Axes) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
