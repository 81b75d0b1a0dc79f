"""The case gallery (Fig. 5): the pairs in which pictures decided, and those in which headlines did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.contract import files
from harness.contract.frozen_set import FrozenSet
from harness.records import Modality
from harness.report.pages import page

SIDE = 320  # pixels: what a gallery shows of a picture
KINDS = {
    Modality.VISION.value: ("Pictures decide", "Right with pictures and with both, wrong with headlines alone."),
    Modality.TEXT.value: ("Headlines decide", "Right with headlines and with both, wrong with pictures alone."),
}


def write(study: dict[str, Any], frozen: FrozenSet, out: Path) -> None:
    """Write gallery.html and the pictures that it shows."""
    questions = {pair.pair_id: pair for pair in frozen.questions}
    labels = {answer.pair_id: answer.label for answer in frozen.truths}
    (out / "pictures").mkdir(exist_ok=True)
    chapters = []
    for submission, found in study["pairs"].items():
        for modality, (title, text) in KINDS.items():
            cases = []
            for case in found["cases"][modality]:
                pair = questions[case["pair_id"]]
                steps = [
                    {"headline": step.headline, "picture": _thumbnail(frozen.picture(step), out / "pictures")}
                    for step in (pair.first, pair.second)
                ]
                cases.append(case | {"pair": pair, "steps": steps, "label": labels[pair.pair_id]})
            chapters.append({"submission": submission, "title": title, "text": text, "cases": cases})
    files.write(out / "gallery.html", page("gallery.html.jinja", study=study, chapters=chapters))


def _thumbnail(picture: Path, folder: Path) -> str:
    """A small copy of the picture; returns its name."""
    import io

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
