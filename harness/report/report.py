"""The report folder: report.html, report.md, report.json, tables as CSV, figures, and the case gallery (Fig. 5).

OUT/report.html, report.md     the same sections, for a browser and for a repository
OUT/report.json                every number, with six digits
OUT/accuracy.csv, gaps.csv, strata.csv, reliability.csv
OUT/figures/*.svg, *.png       for screens and print, and for slides
OUT/gallery.html, pictures/    the pairs that one modality decided; only with the set, since it shows ground truth
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.contract import decoding, files
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.records import Modality, StepPair
from harness.report import figures, style
from harness.report.figures import Cloud
from harness.report.sections import CsvTable, Section, sections, tables
from harness.report.study import Study

TEMPLATES = Path(__file__).parent / "templates"
SIDE = 320  # pixels: the longer side of a picture in the gallery
CHAPTERS = {
    Modality.VISION: ("Pictures decide", "Right with pictures and with both, wrong with headlines alone."),
    Modality.TEXT: ("Headlines decide", "Right with headlines and with both, wrong with pictures alone."),
}


def write(
    study: Study,
    frozen: FrozenSet | None,
    out: Path,
    samples: Mapping[str, Mapping[str, Cloud]],
    tuned: Sequence[Mapping[str, Cloud]],
) -> None:
    """Write the report of a study.

    Args:
        frozen: the set, for the case gallery.
        samples: the sampled vectors of each category, by the name of a result whose predictor sent vectors.
        tuned: those of one model before and after fine-tuning, or empty.

    Raises:
        InputError: the folder cannot be made.
    """
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}; name an --out folder that can be written") from None
    captions = {}
    for name, caption, figure in chain(figures.of_study(study), figures.of_vectors(samples, tuned)):
        style.save(figure, out / "figures", name)
        captions[name] = caption
    parts = sections(study, captions)
    with_gallery = frozen is not None and bool(study.pairs)
    for name, table in tables(study).items():
        files.write(out / name, _csv(table))
    files.write(out / "report.json", decoding.json_page(study).encode())
    files.write(out / "report.md", markdown(study, parts, with_gallery).encode())
    files.write(out / "report.html", page("report.html.jinja", study=study, parts=parts, gallery=with_gallery))
    if with_gallery and frozen is not None:
        write_gallery(study, frozen, out)


def markdown(study: Study, parts: Sequence[Section], with_gallery: bool) -> str:
    """Return the sections as Markdown."""
    from tabulate import tabulate

    lines = [f"# Results on {study.set.title}", ""]
    lines += [f"{study.set.pairs} pairs, set digest `{study.set.digest}`.", ""]
    if with_gallery:
        lines += ["[Case gallery](gallery.html)", ""]
    for part in parts:
        lines += [f"## {part.title}", "", part.text, ""]
        escaped = [[cell.replace("|", "\\|") for cell in row] for row in part.rows]
        lines += [tabulate(escaped, headers=part.headers, tablefmt="github", disable_numparse=True), ""]
        for name, caption in part.figures:
            lines += [f"![{caption}](figures/{name}.png)", ""]
    return "\n".join(lines)


def page(template: str, **values: object) -> bytes:
    """Render a page of `templates/` with its style included. The engine escapes all text from submissions and sets."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(css=css, **values).encode()


@dataclass(frozen=True)
class GalleryStep:
    """One step of a gallery case. picture: the file name of its thumbnail in pictures/."""

    headline: str
    picture: str


@dataclass(frozen=True)
class IllustratedCase:
    """One case of the gallery: a pair, its label, and the probability of being in order in each modality."""

    pair: StepPair
    label: int
    steps: Sequence[GalleryStep]
    p_in_order: Mapping[str, float]


@dataclass(frozen=True)
class Chapter:
    """The cases of one submission that one modality decided."""

    submission: str
    title: str
    text: str
    cases: Sequence[IllustratedCase]


def write_gallery(study: Study, frozen: FrozenSet, out: Path) -> None:
    """Write gallery.html and its thumbnails."""
    (out / "pictures").mkdir(exist_ok=True)
    chapters = list(_chapters(study, frozen, out / "pictures"))
    files.write(out / "gallery.html", page("gallery.html.jinja", study=study, chapters=chapters))


def _chapters(study: Study, frozen: FrozenSet, pictures: Path) -> Iterator[Chapter]:
    questions = {pair.pair_id: pair for pair in frozen.questions}
    labels = {truth.pair_id: truth.label for truth in frozen.truths}
    for submission, found in study.pairs.items():
        for modality, (title, text) in CHAPTERS.items():
            cases = []
            for case in found.cases[modality.value]:
                pair = questions[case.pair_id]
                steps = [
                    GalleryStep(step.headline, _thumbnail(frozen.picture(step), pictures))
                    for step in (pair.first, pair.second)
                ]
                cases.append(IllustratedCase(pair, labels[case.pair_id], steps, case.p_in_order))
            yield Chapter(submission, title, text, cases)


def _thumbnail(picture: Path, folder: Path) -> str:
    """Write a small copy of a picture and return its name."""
    from PIL import Image

    name = f"{picture.stem[:24]}.jpg"
    if not (folder / name).exists():
        with Image.open(picture) as image:
            small = image.convert("RGB")
        small.thumbnail((SIDE, SIDE))
        content = io.BytesIO()
        small.save(content, "JPEG", quality=85)
        files.write(folder / name, content.getvalue())
    return name


def _csv(table: CsvTable) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.headers)
    writer.writerows(table.rows)
    return stream.getvalue().encode()
