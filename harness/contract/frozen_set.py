"""The frozen set: the one owner of its format, which writes it and reads it.

    NAME/test/
      manifest.json           what it is: see schemas/manifest.schema.json
      questions.jsonl         pair_id, category, title, steps: [{headline, image}, {headline, image}]
      images/ab/<sha256>.jpg  pictures, named by their content
      answers/answers.jsonl   pair_id, label, article_id, positions, strata; never leaves the harness
      README.md, croissant.json   the set described for people and for machines, by whoever built it
      SHA256SUMS              every other file; the digest of the set is the SHA-256 of this file

A set is verified whole before use. A mismatch is named and refused, never repaired.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.contract import checksums, files, schema
from harness.errors import InputError
from harness.records import GroundTruth, Step, StepPair

FORMAT = 1
SUBSETS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a set is. `details` holds what the builder adds: spec, seed, filters, licence, canary GUID."""

    name: str
    version: str
    subset: str
    visibility: str
    counts: dict[str, int]
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "subset": self.subset,
            "visibility": self.visibility,
            "counts": self.counts,
            "details": self.details,
        }


@dataclass(frozen=True)
class FrozenSet:
    """A verified set in memory; pictures stay on disk.

    questions: in the set's keyed order. answers: the same pairs in the same order.
    """

    root: Path
    digest: str
    manifest: Manifest
    questions: tuple[StepPair, ...]
    truths: tuple[GroundTruth, ...]

    @cached_property
    def title(self) -> str:
        return f"{self.manifest.name} {self.manifest.version} {self.manifest.subset}"

    def picture(self, step: Step) -> Path:
        return self.root / step.image


def picture_name(content: bytes, suffix: str) -> str:
    """The set-relative path of a picture: its content's hash, and the suffix of its true format."""
    digest = hashlib.sha256(content).hexdigest()
    return f"images/{digest[:2]}/{digest}{suffix}"


def digest_in_name(name: str) -> str | None:
    """The digest of a picture, by its path below a set or a folder of sets; None for any other file."""
    *_, kind, _, last = ["", "", *name.split("/")]
    return last.partition(".")[0] if kind == "images" else None


def store_picture(root: Path, content: bytes, suffix: str) -> str:
    """Write a picture under its content's name and return that name. Safe to call from several processes at once."""
    name = picture_name(content, suffix)
    path = f"{root}/{name}"  # strings here: pathlib took a tenth of the build
    if not os.path.exists(path):  # noqa: PTH110
        partial = f"{path}.{os.getpid()}.partial"
        try:
            _write(partial, content)
        except FileNotFoundError:  # the first picture of its folder
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
            _write(partial, content)
        os.replace(partial, path)  # noqa: PTH105
    return name


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as stream:  # noqa: PTH123
        stream.write(content)


Describe = Callable[[Manifest, Path], Mapping[str, str]]  # file name: its text


def freeze(
    root: Path, manifest: Manifest, rows: Iterable[tuple[StepPair, GroundTruth]], describe: Describe | None = None
) -> str:
    """Freeze `root`, which holds the pictures already, and return its digest. What no row shows is removed."""
    rows = list(rows)
    shown = {step.image for pair, _ in rows for step in (pair.first, pair.second)}
    for name in checksums.names(root):
        if name not in shown:
            (root / name).unlink()
    for folder in sorted((root / "images").glob("*")):
        if not any(folder.iterdir()):
            folder.rmdir()
    return finish(root, manifest, rows, describe)


def finish(
    root: Path, manifest: Manifest, rows: Collection[tuple[StepPair, GroundTruth]], describe: Describe | None = None
) -> str:
    """Freeze `root`, which holds the pictures that its rows show and nothing else. Rows keep the order they come in.

    Times are zeroed; answers become readable by the owner alone. Rows are gone over twice, and not held.
    describe: called when everything else is written; gives further files, which are frozen with the rest.
    """
    (root / "answers").mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_lines(root / "questions.jsonl", (_question_json(pair) for pair, _ in rows))
    _write_lines(root / "answers/answers.jsonl", (_answer_json(answer) for _, answer in rows))
    (root / "answers/answers.jsonl").chmod(0o600)
    (root / "manifest.json").write_text(files.json_page(manifest.to_json()), encoding="utf-8")
    for name, text in (describe(manifest, root) if describe else {}).items():
        (root / name).write_text(text, encoding="utf-8")
    digest = checksums.seal(root, digest_in_name)
    for parent, _, held in os.walk(root):
        for path in (parent, *(f"{parent}/{name}" for name in held)):
            os.utime(path, (0, 0))
    return digest


def _write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(map(files.json_line, records))


def load(root: Path) -> FrozenSet:
    """Verify a set whole, then read it. Any flipped byte is named and refused."""
    digest = checksums.require(root, "Wanted the frozen set as it was made: fetch or build it again.")
    manifest = read_manifest(root)
    questions = tuple(files.read_records(root / "questions.jsonl", "question", _read_question))
    answers = tuple(files.read_records(root / "answers/answers.jsonl", "answer", _read_answer))
    _check_alignment(root, questions, answers)
    return FrozenSet(root, digest, manifest, questions, answers)


def of_category(frozen: FrozenSet, category: str) -> FrozenSet:
    """The pairs of one category, as a set of its own in the same folder: for a model that is made for it alone.

    Its name and digest say which part of which set it is, so that no result on it passes for one on the whole.
    """
    rows = [row for row in zip(frozen.questions, frozen.truths, strict=True) if row[0].category == category]
    if not rows:
        held = ", ".join(sorted({pair.category for pair in frozen.questions}))
        raise InputError(f"{frozen.root}: no pair of category {category!r}; it holds {held or 'none at all'}")
    questions, answers = zip(*rows, strict=True)
    name = f"{frozen.manifest.name}-{re.sub('[^a-z0-9]+', '-', category.lower())}"
    manifest = replace(frozen.manifest, name=name, counts={category: len(rows)})
    digest = hashlib.sha256(f"the pairs of {category} in {frozen.digest}".encode()).hexdigest()
    return FrozenSet(frozen.root, digest, manifest, questions, answers)


def _question_json(pair: StepPair) -> dict[str, Any]:
    steps = [{"headline": step.headline, "image": step.image} for step in (pair.first, pair.second)]
    return {"pair_id": pair.pair_id, "category": pair.category, "title": pair.title, "steps": steps}


def _answer_json(answer: GroundTruth) -> dict[str, Any]:
    return {
        "pair_id": answer.pair_id,
        "label": answer.label,
        "article_id": answer.article_id,
        "positions": list(answer.positions),
        "strata": dict(answer.strata),
    }


def read_manifest(root: Path) -> Manifest:
    path = root / "manifest.json"
    record = files.parse_object(path.read_bytes(), str(path))
    schema.check(record, "manifest", str(path))
    fields = ("name", "version", "subset", "visibility", "counts", "details")
    return Manifest(*(record[key] for key in fields))


def _read_question(row: dict[str, Any]) -> StepPair:
    first, second = (Step(step["headline"], step["image"]) for step in row["steps"])
    return StepPair(row["pair_id"], row["category"], row["title"], first, second)


def _read_answer(row: dict[str, Any]) -> GroundTruth:
    first, second = row["positions"]
    return GroundTruth(row["pair_id"], row["label"], row["article_id"], (first, second), row["strata"])


def _check_alignment(root: Path, questions: Sequence[StepPair], answers: Sequence[GroundTruth]) -> None:
    if [pair.pair_id for pair in questions] != [answer.pair_id for answer in answers]:
        raise InputError(f"{root}: questions and answers do not hold the same pairs in the same order; rebuild the set")
    if len({pair.pair_id for pair in questions}) != len(questions):
        raise InputError(f"{root}: a pair_id stands twice in questions.jsonl; rebuild the set")
    held = {name for name in checksums.names(root) if name.startswith("images/")}
    for pair in questions:
        for step in (pair.first, pair.second):
            if step.image not in held:
                raise InputError(f"{root}: pair {pair.pair_id} shows {step.image}, which the set does not hold")
