"""What was measured last: kept in measured.json, told in README.md's table, drawn in growth.svg."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING

from harness.report import style
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERE = Path(__file__).parent
RECORD, README, FIGURE = "measured.json", "README.md", "growth.svg"
BEGIN, END = "<!-- measured: written by `make bench RECORD=1` -->", "<!-- end of measured -->"
HEADS = ("what", "against", "aim", "measured", "spread", "met", "what limits it")
CURVES = {  # in the figure: what N counts
    "dataset build": "pictures",
    "dataset verify": "pictures",
    "evaluate a null predictor": "pairs",
    "rank and render": "submissions",
}
Measured = dict[str, tuple[dict[str, str], list[Row]]]  # benchmark: machine, rows


def keep(found: Mapping[str, Sequence[Row]], order: Sequence[str], folder: Path = HERE) -> None:
    """Replace these benchmarks' rows in the record, leave the others', and tell and draw all anew."""
    measured = read(folder) | {name: (measuring.machine(), list(rows)) for name, rows in found.items()}
    measured = {name: measured[name] for name in order if name in measured}
    benchmarks = {name: json.loads(measuring.to_json(rows, machine)) for name, (machine, rows) in measured.items()}
    (folder / RECORD).write_text(json.dumps(benchmarks, indent=1) + "\n", encoding="utf-8")
    readme = folder / README
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{section(measured)}\n{END}{after}", encoding="utf-8")
    draw(measured, folder / FIGURE)


def read(folder: Path = HERE) -> Measured:
    path = folder / RECORD
    if not path.exists():
        return {}
    record = json.loads(path.read_text(encoding="utf-8"))
    return {name: measuring.from_json(json.dumps(found)) for name, found in record.items()}


def section(measured: Measured) -> str:
    """The table in Markdown, and below it the machines, with what each measured if there are several."""
    lines = [f"| {' | '.join(HEADS)} |", f"|{' --- |' * len(HEADS)}"]
    machines: dict[str, list[str]] = {}
    for name, (machine, rows) in measured.items():
        machines.setdefault(", ".join(machine.values()), []).append(name)
        for row in rows:
            cells = row.cells() | {"what limits it": row.limit}
            lines.append(f"| {' | '.join(cells[head] for head in HEADS)} |")
    lines.append("")
    for machine, names in machines.items():
        lines.append(f"Measured on: {machine}" + (f" ({', '.join(names)})" if len(machines) > 1 else "") + ".\n")
    return "\n".join(lines)


def draw(measured: Measured, path: Path) -> None:
    """Seconds against N, a panel a curve."""
    points = [row for _, rows in measured.values() for row in rows if row.curve and row.measured]
    shown = [curve for curve in CURVES if any(row.curve == curve for row in points)]
    if not shown:
        return
    columns = min(2, len(shown))
    figure, axes = style.panels(-(-len(shown) // columns), columns, 2.4)
    with style.styled():
        for ax, curve in zip(axes, shown, strict=False):
            panel(ax, curve, sorted((row for row in points if row.curve == curve), key=lambda row: row.size))
        for ax in axes[len(shown) :]:
            ax.set_axis_off()
        legends = [legend for ax in axes if (legend := ax.get_legend())]  # they may reach beyond their panels
        figure.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight", bbox_extra_artists=legends)


def panel(ax: Axes, curve: str, rows: Sequence[Row]) -> None:
    """Ours, what it is held against, and a line of growth in proportion to N; whole decades on both axes."""
    ax.plot(
        [row.size for row in rows],
        [row.seconds[0] for row in rows],
        label="ours",
        **style.look(0),
        markersize=4,
        clip_on=False,
    )
    for number, name in enumerate(dict.fromkeys(row.against for row in rows)):
        theirs = [(row.size, row.seconds[1]) for row in rows if row.against == name]
        ax.plot(
            *zip(*theirs, strict=True),
            label=name,
            markersize=3,
            linestyle="--",
            clip_on=False,
            **style.look(4 - number),
        )
    ax.set(xscale="log", yscale="log", xlabel=CURVES[curve], ylabel="seconds")
    ax.set_title(curve, pad=18)
    across = decades([row.size for row in rows])
    ax.set(xlim=across, ylim=decades([seconds for row in rows for seconds in row.seconds]))
    last = rows[-1]
    ax.plot(across, [last.seconds[0] * n / last.size for n in across], color=style.GREY, linewidth=0.8, linestyle=":")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,g}")
        axis.set_minor_formatter(lambda *_: "")
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=2, borderpad=0.2, columnspacing=1).set_in_layout(
        False
    )


def decades(values: Sequence[float]) -> tuple[float, float]:
    """The powers of ten around these; a value may lie a tenth beyond them."""
    return 10.0 ** floor(log10(min(values) * 1.1)), 10.0 ** ceil(log10(max(values) / 1.1))


if __name__ == "__main__":  # after an edit of this file: tell and draw again what stands in the record
    keep({}, list(read()))
