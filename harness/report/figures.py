"""Figures of results. Each function takes numbers and returns a matplotlib figure; `style.save` writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.report.style import COLOURS, GREY, WIDTH, look, panels, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Cell = Mapping[str, Any]  # value, low, high


def dots(
    results: Mapping[str, Mapping[str, Mapping[str, Cell]]], reference: float, label: str, summary: str = "macro"
) -> Figure:
    """results: panel -> series -> row -> value, low, high. The row named `summary` is shaded; reference: dotted."""
    rows = list(dict.fromkeys(row for group in results.values() for cells in group.values() for row in cells))
    names = list(dict.fromkeys(name for group in results.values() for name in group))
    figure, axes = panels(
        1, len(results), 1.0 + 0.16 * len(rows) * max(1.6, 0.55 * len(names)), sharex=True, sharey=True
    )
    with styled():
        for axis, (panel, group) in zip(axes, results.items(), strict=True):
            for number, name in enumerate(names):
                if name in group:
                    _series(axis, [group[name].get(row) for row in rows], number, len(names), name)
            axis.axvline(reference, color=GREY, linestyle=":", linewidth=1)
            if summary in rows:
                middle = rows.index(summary)
                axis.axhspan(middle - 0.5, middle + 0.5, color="#F2F2F2", zorder=0)
            axis.set(
                title=panel.replace(" minus ", "\nminus "), xlabel=label, yticks=range(len(rows)), yticklabels=rows
            )
            axis.set_ylim(len(rows) - 0.5, -0.5)
            axis.grid(visible=False, axis="y")
        _legend(figure, axes[0], len(names))
    return figure


def heat_map(values: Mapping[str, Mapping[str, float]]) -> Figure:
    """values: row (model, modality) -> column (category) -> accuracy. Table 2 as a picture."""
    rows, columns = list(values), list(next(iter(values.values())))
    table = np.array([[values[row][column] for column in columns] for row in rows])
    figure, axes = panels(1, 1, 1.4 + 0.24 * len(rows))
    with styled():
        axis = axes[0]
        low, high = min(0.5, table.min()), max(table.max(), 0.6)
        image = axis.imshow(table, cmap="cividis", vmin=low, vmax=high, aspect="auto")
        for (row, column), value in np.ndenumerate(table):
            shade = "white" if (value - low) / (high - low) < 0.55 else "black"
            axis.text(column, row, f"{value:.3f}"[1:] if value < 1 else "1", ha="center", va="center", color=shade)
        axis.set_xticks(range(len(columns)), columns, rotation=35, ha="right", rotation_mode="anchor")
        axis.set_yticks(range(len(rows)), rows)
        axis.grid(visible=False)
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
        figure.colorbar(image, ax=axis, label="accuracy", pad=0.01, aspect=30)
    return figure


def reliability(curves: Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]]) -> Figure:
    """curves: modality -> submission -> bins (stated, observed, pairs). On the diagonal, probabilities are true."""
    figure, axes = panels(1, len(curves), 2.9 if len(curves) > 1 else 4.0, sharex=True, sharey=True)
    names = sorted({name for group in curves.values() for name in group})
    with styled():
        for axis, (modality, group) in zip(axes, curves.items(), strict=True):
            axis.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
            for number, name in enumerate(names):
                bins = group.get(name, [])
                if bins:
                    stated, observed, pairs = ([b[key] for b in bins] for key in ("stated", "observed", "pairs"))
                    style = look(number)
                    axis.plot(stated, observed, color=style["color"], linewidth=0.8)
                    sizes = 8 + 50 * np.array(pairs) / sum(pairs)
                    axis.scatter(stated, observed, s=sizes, **style, label=name, zorder=3)
            axis.set(title=modality, xlabel="stated probability of in order", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
            axis.set_aspect("equal")
        axes[0].set_ylabel("share in order")
        _legend(figure, axes[0], len(names))
    return figure


def kinds_of_pairs(shares: Mapping[str, Mapping[str, float]]) -> Figure:
    """shares: submission -> kind (only pictures, only text, either, only together, none) -> share of pairs."""
    kinds = [kind for kind in next(iter(shares.values())) if kind != "pairs"]
    shades = (COLOURS[1], COLOURS[0], COLOURS[5], COLOURS[2], "#D9D9D9")
    hatches = ("", "", "", "///", "")
    figure, axes = panels(1, 1, 0.9 + 0.32 * len(shares))
    with styled():
        axis, left = axes[0], np.zeros(len(shares))
        for kind, shade, hatch in zip(kinds, shades, hatches, strict=True):
            widths = np.array([row[kind] for row in shares.values()])
            bars = axis.barh(list(shares), widths, left=left, color=shade, hatch=hatch, edgecolor="white", label=kind)
            dark = shade in (COLOURS[0], COLOURS[1], COLOURS[2])
            texts = [f"{width:.0%}" if width >= 0.04 else "" for width in widths]
            axis.bar_label(bars, texts, label_type="center", color="white" if dark else "black")
            left += widths
        axis.set(xlim=(0, 1), xlabel="share of pairs answered rightly with")
        axis.invert_yaxis()
        axis.grid(visible=False)
        _legend(figure, axis, len(kinds))
    return figure


def _series(axis: Axes, cells: Sequence[Cell | None], number: int, series: int, label: str) -> None:
    """One series of values with their intervals, moved a little off the row's middle to stand beside the others."""
    shift = 0.0 if series == 1 else (number / (series - 1) - 0.5) * 0.5
    style = look(number)
    for row, cell in enumerate(cells):
        if cell is not None and cell["low"] is not None:
            axis.plot([cell["low"], cell["high"]], [row + shift] * 2, color=style["color"], linewidth=1.2)
    there = [(cell["value"], row + shift) for row, cell in enumerate(cells) if cell is not None]
    values, heights = zip(*there, strict=True)
    axis.scatter(values, heights, s=16, **style, label=label, zorder=3)


def _legend(figure: Figure, axis: Axes, entries: int) -> None:
    if entries > 1:
        handles, labels = axis.get_legend_handles_labels()
        columns = max(1, min(entries, int(WIDTH * 11 // max(map(len, labels), default=1)) or 1, 5))
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)
