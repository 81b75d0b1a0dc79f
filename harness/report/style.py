"""The style of every figure: readable in print, in grey and by colour-blind readers; byte-identical on every run."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from harness.contract import files
from harness.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito 2008, ordered so that neighbours also differ in lightness; each series has its own marker.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
IMAGE, TEXT = "#D55E00", "#0072B2"  # red and blue, as in the paper's Fig. 3
GREY = "#767676"
WIDTH = 7.0  # inches: a page of text, or two columns
SETTINGS: Any = {  # the stubs want the literal names of all of matplotlib's settings
    "font.family": "DejaVu Sans",  # ships with matplotlib, so every machine draws the same letters
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.2,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
    "svg.hashsalt": "wikiorder",  # otherwise every run names its clip paths differently
}


class SeriesStyle(TypedDict):
    """The keyword arguments of one series for matplotlib."""

    color: str
    marker: str


def panels(rows: int, columns: int, height: float, **options: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure of rows x columns panels of `height` inches each, and its axes in reading order.

    options: for matplotlib's `Figure.subplots`, such as `sharex`.
    """
    with styled():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, height * rows))
        axes = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, list(axes.flat)


@contextmanager
def styled() -> Iterator[None]:
    """Apply the settings of this module inside a `with` block.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        raise InputError(
            "figures need matplotlib, which is not installed; run: pip install 'wikiorder[figures]'"
        ) from None
    with mpl.rc_context(SETTINGS):
        yield


def look(number: int) -> SeriesStyle:
    """Return the colour and the marker of the n-th series."""
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}


def legend(figure: Figure, axis: Axes, entries: int) -> None:
    """Add a legend of the series of `axis` below the panels, unless there is only one entry."""
    if entries > 1:
        handles, labels = axis.get_legend_handles_labels()
        columns = max(1, min(entries, int(WIDTH * 11 // max(map(len, labels), default=1)) or 1, 5))
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)


def save(figure: Figure, folder: Path, name: str) -> list[str]:
    """Write name.svg and name.png into the folder; return the two names."""
    with styled():
        for suffix, metadata in ((".svg", {"Date": None}), (".png", {"Software": None})):
            content = io.BytesIO()
            figure.savefig(content, format=suffix[1:], metadata=metadata)
            files.write(folder / (name + suffix), content.getvalue())
    return [f"{name}.svg", f"{name}.png"]
