"""Figures of results: each function takes numbers and returns a matplotlib figure. `style.save` writes figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from harness.contract.result import Estimate, ReliabilityBin
from harness.report.study import Study
from harness.report.style import COLOURS, GREY, IMAGE, TEXT, legend, look, panels, styled
from harness.statistics.embedding_gap import principal_components
from harness.statistics.intervals import Floats
from harness.statistics.modality_gap import Need, NeedShares

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Cloud: TypeAlias = tuple[Floats, Floats]  # unit vectors of pictures and of texts, each (n, dimension)
Estimates: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Estimate]]]  # panel: series: row: estimate

SHADED = "macro"  # the row of `dots` that sums up the others
MIDDLE = 0.47  # of cividis: white on darker colours and black on lighter ones both have a contrast of at least 4.5
COLUMNS = 3  # of clouds; a panel is then wide enough for the name of every category
SHADES: dict[Need, tuple[str, str, str]] = {  # of the shares by need: colour, hatch, colour of the text
    "only pictures": (COLOURS[1], "", "white"),
    "only text": (COLOURS[0], "", "white"),
    "either": (COLOURS[5], "", "black"),
    "only together": (COLOURS[2], "///", "white"),
    "none": ("#D9D9D9", "", "black"),
}


class DrawnFigure(NamedTuple):
    """A figure, with the name of its file without suffix and its caption."""

    name: str
    caption: str
    figure: Figure


def of_study(study: Study) -> Iterator[DrawnFigure]:
    """Yield each figure for which the study has numbers."""
    accuracy: dict[str, dict[str, dict[str, Estimate]]] = {}
    for result in study.results:
        cells = result.scores.accuracy
        accuracy.setdefault(result.modality, {})[result.submission] = {**cells.categories, "macro": cells.macro}
    caption = "Accuracy by category with 95 % intervals; dotted: chance."
    yield DrawnFigure("accuracy", caption, dots(accuracy, 0.5, "accuracy"))
    values = {
        r.name: {name: cell.value for name, cell in accuracy[r.modality][r.submission].items()} for r in study.results
    }
    yield DrawnFigure("heat_map", "Accuracy by category, submission and modality.", heat_map(values))
    contrasts: dict[str, dict[str, dict[str, Estimate]]] = {}
    for submission, gaps in study.gaps.items():
        for contrast, found in gaps.items():
            contrasts.setdefault(contrast, {})[submission] = {**found.categories, "macro": found.macro}
    if contrasts:
        caption = "Difference in accuracy between two modalities; dotted: none."
        yield DrawnFigure("gaps", caption, dots(contrasts, 0.0, "difference in accuracy"))
    if study.pairs:
        shares = {name: found.shares.all for name, found in study.pairs.items()}
        yield DrawnFigure(
            "kinds", "Pairs by the modalities with which they are answered correctly.", needs_of_pairs(shares)
        )
    for number, stratum in enumerate(study.results[0].scores.strata):
        strata: dict[str, dict[str, Mapping[str, Estimate]]] = {}
        for result in study.results:
            strata.setdefault(result.modality, {})[result.submission] = result.scores.strata[stratum]
        yield DrawnFigure(f"strata_{number}", f"Accuracy by {stratum}; dotted: chance.", dots(strata, 0.5, "accuracy"))
    curves: dict[str, dict[str, Sequence[ReliabilityBin]]] = {}
    for result in study.results:
        curves.setdefault(result.modality, {})[result.submission] = result.scores.calibration.reliability
    caption = "Stated probability against observed share in order; larger: more pairs."
    yield DrawnFigure("reliability", caption, reliability(curves))


def of_vectors(
    samples: Mapping[str, Mapping[str, Cloud]], tuned: Sequence[Mapping[str, Cloud]]
) -> Iterator[DrawnFigure]:
    """Yield Figs. 3 and 4 from the sampled vectors of each category.

    Args:
        samples: by the name of a result.
        tuned: before and after fine-tuning; or empty.
    """
    for number, (name, sample) in enumerate(samples.items()):
        caption = f"{name}: pictures and texts on the plane of largest variance, by category. Gaps are the sample's."
        yield DrawnFigure(f"cloud_{number}", caption, clouds(sample))
    if tuned:
        before, after = (_together(sample) for sample in tuned)
        yield DrawnFigure("cloud_tuned", "Before and after fine-tuning.", before_and_after(before, after))


def dots(results: Estimates, reference: float, label: str) -> Figure:
    """Return estimates with their intervals, one panel per modality or contrast.

    Args:
        reference: a dotted line, such as chance.
    """
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
            if SHADED in rows:
                middle = rows.index(SHADED)
                axis.axhspan(middle - 0.5, middle + 0.5, color="#F2F2F2", zorder=0)
            axis.set(
                title=panel.replace(" minus ", "\nminus "), xlabel=label, yticks=range(len(rows)), yticklabels=rows
            )
            axis.set_ylim(len(rows) - 0.5, -0.5)
            axis.grid(visible=False, axis="y")
        legend(figure, axes[0], len(names))
    return figure


def _series(axis: Axes, cells: Sequence[Estimate | None], number: int, series: int, label: str) -> None:
    """Draw one series, shifted a little from the middle of the row so that it stands beside the others."""
    shift = 0.0 if series == 1 else (number / (series - 1) - 0.5) * 0.5
    style = look(number)
    for row, cell in enumerate(cells):
        if cell is not None and cell.low is not None and cell.high is not None:
            axis.plot([cell.low, cell.high], [row + shift] * 2, color=style["color"], linewidth=1.2)
    there = [(cell.value, row + shift) for row, cell in enumerate(cells) if cell is not None]
    values, heights = zip(*there, strict=True)
    axis.scatter(values, heights, s=16, **style, label=label, zorder=3)


def heat_map(values: Mapping[str, Mapping[str, float]]) -> Figure:
    """Return Table 2 as a heat map. values: row (model, modality): column (category): accuracy."""
    rows, columns = list(values), list(next(iter(values.values())))
    table = np.array([[values[row][column] for column in columns] for row in rows])
    figure, axes = panels(1, 1, 1.4 + 0.24 * len(rows))
    with styled():
        axis = axes[0]
        low, high = min(0.5, table.min()), max(table.max(), 0.6)
        image = axis.imshow(table, cmap="cividis", vmin=low, vmax=high, aspect="auto")
        for (row, column), value in np.ndenumerate(table):
            shade = "white" if (value - low) / (high - low) < MIDDLE else "black"
            axis.text(column, row, f"{value:.3f}"[1:] if value < 1 else "1", ha="center", va="center", color=shade)
        axis.set_xticks(range(len(columns)), columns, rotation=35, ha="right", rotation_mode="anchor")
        axis.set_yticks(range(len(rows)), rows)
        axis.grid(visible=False)
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
        figure.colorbar(image, ax=axis, label="accuracy", pad=0.01, aspect=30)
    return figure


def reliability(curves: Mapping[str, Mapping[str, Sequence[ReliabilityBin]]]) -> Figure:
    """Return reliability curves. curves: modality: submission: bins. On the diagonal, probabilities are calibrated."""
    figure, axes = panels(1, len(curves), 2.9 if len(curves) > 1 else 4.0, sharex=True, sharey=True)
    names = sorted({name for group in curves.values() for name in group})
    with styled():
        for axis, (modality, group) in zip(axes, curves.items(), strict=True):
            axis.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
            for number, name in enumerate(names):
                bins = group.get(name, [])
                if bins:
                    stated, observed = [b.stated for b in bins], [b.observed for b in bins]
                    pairs = [b.pairs for b in bins]
                    style = look(number)
                    axis.plot(stated, observed, color=style["color"], linewidth=0.8)
                    sizes = 8 + 50 * np.array(pairs) / sum(pairs)
                    axis.scatter(stated, observed, s=sizes, **style, label=name, zorder=3)
            axis.set(title=modality, xlabel="stated probability of in order", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
            axis.set_aspect("equal")
        axes[0].set_ylabel("share in order")
        legend(figure, axes[0], len(names))
    return figure


def needs_of_pairs(shares: Mapping[str, NeedShares]) -> Figure:
    """Return one bar per submission: the shares of pairs by the modalities that it needs."""
    figure, axes = panels(1, 1, 0.9 + 0.32 * len(shares))
    with styled():
        axis, left = axes[0], np.zeros(len(shares))
        for need, (shade, hatch, ink) in SHADES.items():
            widths = np.array([row.by_need[need] for row in shares.values()])
            bars = axis.barh(list(shares), widths, left=left, color=shade, hatch=hatch, edgecolor="white", label=need)
            texts = [f"{width:.0%}" if width >= 0.04 else "" for width in widths]
            axis.bar_label(bars, texts, label_type="center", color=ink)
            left += widths
        axis.set(xlim=(0, 1), xlabel="share of pairs answered correctly with")
        axis.invert_yaxis()
        axis.grid(visible=False)
        legend(figure, axis, len(SHADES))
    return figure


def clouds(vectors: Mapping[str, Cloud]) -> Figure:
    """Return Fig. 3: the vectors of each category on the plane of their largest variance, one panel per category."""
    columns = min(COLUMNS, len(vectors))
    rows = -(-len(vectors) // columns)
    figure, axes = panels(rows, columns, 2.2 if columns > 2 else 3.4)
    with styled():
        for axis, (category, cloud) in zip(axes, vectors.items(), strict=False):
            _scatter(axis, cloud, category)
        for axis in axes[len(vectors) :]:
            axis.set_visible(False)
        _cloud_legend(figure, axes[0])
    return figure


def before_and_after(before: Cloud, after: Cloud) -> Figure:
    """Return Fig. 4: the same pairs before and after fine-tuning, each on its own plane."""
    figure, axes = panels(1, 2, 3.2)
    with styled():
        _scatter(axes[0], before, "before fine-tuning")
        _scatter(axes[1], after, "after fine-tuning")
        _cloud_legend(figure, axes[0])
    return figure


def _together(vectors: Mapping[str, Cloud]) -> Cloud:
    """Return the vectors of all categories."""
    images, texts = zip(*vectors.values(), strict=True)
    return np.concatenate(images), np.concatenate(texts)


def _scatter(axis: Axes, cloud: Cloud, title: str) -> None:
    images, texts = cloud
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


def _cloud_legend(figure: Figure, axis: Axes) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
