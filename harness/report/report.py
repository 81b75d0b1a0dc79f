"""The report folder: report.html, report.md, report.json, tables as CSV, figures, and the case gallery.

OUT/report.html, report.md     the same sections, for a browser and for a repository
OUT/report.json                every number, unrounded beyond six digits
OUT/accuracy.csv, gaps.csv, strata.csv, reliability.csv
OUT/figures/*.svg, *.png       for screens and print, and for slides
OUT/gallery.html, pictures/    the pairs that one modality decided; only with the set at hand, as it shows answers
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import chain
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contract import files
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.report import clouds, figures, gallery, style
from harness.report.pages import page
from harness.report.sections import Section, sections
from harness.report.tables import tables
from harness.statistics.intervals import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Sample = Mapping[str, tuple[Floats, Floats]]  # by category, unit vectors of pictures and of texts


def write(
    study: dict[str, Any],
    frozen: FrozenSet | None,
    out: Path,
    samples: Mapping[str, Sample],
    tuned: Sequence[Sample],
) -> None:
    """Write the report of a study.

    frozen: the set, where the case gallery is wanted. samples: by result, where vectors were sent. tuned: those of one
    model before and after fine-tuning, or nothing.
    """
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}; name an --out folder that can be written") from None
    drawn = {}
    for name, caption, figure in chain(draw(study), draw_clouds(samples, tuned)):
        style.save(figure, out / "figures", name)
        drawn[name] = caption
    parts = sections(study, drawn)
    with_gallery = frozen is not None and bool(study["pairs"])
    for name, (headers, rows) in tables(study).items():
        files.write(out / name, _csv(headers, rows))
    files.write(out / "report.json", files.json_page(study).encode())
    files.write(out / "report.md", markdown(study, parts, with_gallery).encode())
    files.write(out / "report.html", page("report.html.jinja", study=study, parts=parts, gallery=with_gallery))
    if with_gallery and frozen is not None:
        gallery.write(study, frozen, out)


def draw(study: dict[str, Any]) -> Iterable[tuple[str, str, Figure]]:
    """(file name, caption, figure) of each figure that the study has numbers for."""
    scores: dict[str, dict[str, Any]] = {}
    for result in study["results"]:
        scores.setdefault(result["modality"], {})[result["submission"]] = result["scores"]
    accuracy = {
        modality: {name: one["categories"] | {"macro": one["macro"]} for name, one in group.items()}
        for modality, group in _each(scores, "accuracy").items()
    }
    caption = "Accuracy by category with 95 % intervals; dotted: chance."
    yield "accuracy", caption, figures.dots(accuracy, 0.5, "accuracy")
    flat = {r["name"]: accuracy[r["modality"]][r["submission"]] for r in study["results"]}
    values = {name: {category: cell["value"] for category, cell in cells.items()} for name, cells in flat.items()}
    yield "heat_map", "Accuracy by category, submission and modality.", figures.heat_map(values)
    contrasts: dict[str, dict[str, Any]] = {}
    for submission, gaps in study["gaps"].items():
        for contrast, found in gaps.items():
            contrasts.setdefault(contrast, {})[submission] = found["categories"] | {"macro": found["macro"]}
    if contrasts:
        caption = "What one way of seeing a pair gains over another; dotted: nothing."
        yield "gaps", caption, figures.dots(contrasts, 0.0, "difference in accuracy")
    if study["pairs"]:
        shares = {name: found["shares"]["all"] for name, found in study["pairs"].items()}
        yield "kinds", "Which modality gets which pairs right.", figures.kinds_of_pairs(shares)
    for number, stratum in enumerate(study["results"][0]["scores"]["strata"]):
        cells = _each(scores, "strata", stratum)
        yield f"strata_{number}", f"Accuracy by {stratum}; dotted: chance.", figures.dots(cells, 0.5, "accuracy")
    curves = _each(scores, "calibration", "reliability")
    yield "reliability", "Stated probabilities against what was so; larger: more pairs.", figures.reliability(curves)


def draw_clouds(samples: Mapping[str, Sample], tuned: Sequence[Sample]) -> Iterable[tuple[str, str, Figure]]:
    """Figs. 3 and 4, from the sampled vectors."""
    for number, (name, sample) in enumerate(samples.items()):
        caption = f"{name}: pictures and texts on the plane of largest variance, by category. Gaps are the sample's."
        yield f"cloud_{number}", caption, clouds.by_category(sample)
    if tuned:
        yield "cloud_tuned", "Before and after fine-tuning.", clouds.before_and_after(*map(clouds.together, tuned))


def _each(scores: dict[str, dict[str, Any]], *path: str) -> dict[str, dict[str, Any]]:
    """One part of the scores, such as strata, method, of each submission in each modality."""
    return {
        modality: {name: reduce(getitem, path, one) for name, one in group.items()}
        for modality, group in scores.items()
    }


def markdown(study: dict[str, Any], parts: Sequence[Section], with_gallery: bool) -> str:
    from tabulate import tabulate

    lines = [f"# Results on {study['set']['name']} {study['set']['version']} {study['set']['subset']}", ""]
    lines += [f"{study['set']['pairs']} pairs, set digest `{study['set']['digest']}`.", ""]
    if with_gallery:
        lines += ["[Case gallery](gallery.html)", ""]
    for part in parts:
        lines += [f"## {part.title}", "", part.text, ""]
        escaped = [[cell.replace("|", "\\|") for cell in row] for row in part.rows]
        lines += [tabulate(escaped, headers=part.headers, tablefmt="github", disable_numparse=True), ""]
        for name, caption in part.figures:
            lines += [f"![{caption}](figures/{name}.png)", ""]
    return "\n".join(lines)


def _csv(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows(rows)
    return stream.getvalue().encode()
