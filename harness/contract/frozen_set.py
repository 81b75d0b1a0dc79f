"""The frozen set: the one owner of its format, which writes it and reads it.

    NAME/test/
      manifest.json           name, version, counts, provenance: `Manifest`
      questions.jsonl         pair_id, category, title, steps: [{headline, image}, {headline, image}]
      images/ab/<sha256>.jpg  pictures, named by their content
      answers/answers.jsonl   pair_id, label, article_id, positions, strata; never leaves the harness
      README.md, croissant.json   descriptions for people and for programs, written by the builder
      SHA256SUMS              every other file; the digest of the set is the SHA-256 of this file

A set is verified whole before use. A mismatch is named and refused, never repaired.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from harness.contract import checksums, decoding, files
from harness.contract.decoding import JsonObject, Record
from harness.contract.result import Count, SetIdentity, Visibility
from harness.errors import InputError
from harness.records import GroundTruth, Step, StepPair

FORMAT: Literal[1] = 1
SUBSETS = ("train", "validation", "test")

PairId = Annotated[str, Meta(pattern="^[0-9a-z-]{1,64}$")]
Text = Annotated[str, Meta(min_length=1)]


class Manifest(Record, frozen=True):
    """`manifest.json`. `details` holds the builder's facts: spec, seed, filters, licence, canary GUID."""

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]
    version: Annotated[str, Meta(pattern="^[0-9]+(\\.[0-9]+)*$")]
    subset: Annotated[str, Meta(pattern="^(train|validation|test)$")]
    visibility: Visibility
    counts: dict[str, Count]
    details: JsonObject = msgspec.field(default_factory=dict)
    format: Literal[1] = FORMAT


class ShownStep(Record, frozen=True, kw_only=True):
    """A step as `questions.jsonl` writes it."""

    headline: Text
    image: Annotated[str, Meta(pattern="^images/[0-9a-f]{2}/[0-9a-f]{64}\\.(jpg|png|webp)$")]


class QuestionLine(Record, frozen=True, kw_only=True):
    """One line of `questions.jsonl`."""

    pair_id: PairId
    category: Annotated[str, Meta(min_length=1, max_length=200)]
    title: str
    steps: tuple[ShownStep, ShownStep]


class TruthLine(Record, frozen=True, kw_only=True):
    """One line of `answers/answers.jsonl`."""

    pair_id: PairId
    label: Literal[0, 1]
    article_id: Text
    positions: tuple[Count, Count]
    strata: dict[str, str]


@dataclass(frozen=True)
class FrozenSet:
    """A verified set in memory; pictures stay on disk.

    questions: the pairs, in the set's keyed order. truths: the ground truth of the same pairs in the same order.
    """

    root: Path
    digest: str
    manifest: Manifest
    questions: tuple[StepPair, ...]
    truths: tuple[GroundTruth, ...]

    @cached_property
    def title(self) -> str:
        return self.identity.title

    @property
    def identity(self) -> SetIdentity:
        """Return the set as a result names it."""
        m = self.manifest
        return SetIdentity(
            name=m.name,
            version=m.version,
            subset=m.subset,
            digest=self.digest,
            visibility=m.visibility,
            pairs=len(self.questions),
        )

    def picture(self, step: Step) -> Path:
        return self.root / step.image


def picture_name(content: bytes, suffix: str) -> str:
    """Return the set-relative path of a picture: its content's hash, and the suffix of its true format."""
    digest = hashlib.sha256(content).hexdigest()
    return f"images/{digest[:2]}/{digest}{suffix}"


def digest_in_name(name: str) -> str | None:
    """Return the digest of a picture from its path below a set or a folder of sets; None for any other file."""
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
    """Freeze `root`, which holds the pictures already, and return its digest. Pictures without a row are removed."""
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
    """Freeze `root`, which holds exactly the pictures of its rows, and return its digest. Rows keep their order.

    Modification times are zeroed; the ground truth becomes readable by the owner alone. `rows` is iterated twice.

    Args:
        describe: called when everything else is written; returns the text of further files by name.
    """
    (root / "answers").mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_lines(root / "questions.jsonl", (_question_line(pair) for pair, _ in rows))
    _write_lines(root / "answers/answers.jsonl", (_truth_line(truth) for _, truth in rows))
    (root / "answers/answers.jsonl").chmod(0o600)
    (root / "manifest.json").write_text(decoding.json_page(manifest), encoding="utf-8")
    for name, text in (describe(manifest, root) if describe else {}).items():
        (root / name).write_text(text, encoding="utf-8")
    digest = checksums.seal(root, digest_in_name)
    for parent, _, held in os.walk(root):
        for path in (parent, *(f"{parent}/{name}" for name in held)):
            os.utime(path, (0, 0))
    return digest


def _write_lines(path: Path, records: Iterable[Record]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(map(decoding.json_line, records))


def load(root: Path) -> FrozenSet:
    """Verify a set whole, then read it.

    Raises:
        InputError: a file is altered, missing or extra, or does not follow the format; the message names it.
    """
    digest = checksums.require(root, "Wanted the frozen set as it was made: fetch or build it again.")
    manifest = read_manifest(root)
    questions = tuple(files.read_records(root / "questions.jsonl", QuestionLine, _to_pair))
    truths = tuple(files.read_records(root / "answers/answers.jsonl", TruthLine, _to_truth))
    _check_alignment(root, questions, truths)
    return FrozenSet(root, digest, manifest, questions, truths)


def of_category(frozen: FrozenSet, category: str) -> FrozenSet:
    """Return the pairs of one category as a set of its own in the same folder, for a model trained for it alone.

    Its name and digest tell it from the whole set, so that no result on it can be taken for one on the whole.

    Raises:
        InputError: the set has no pair of that category.
    """
    rows = [row for row in zip(frozen.questions, frozen.truths, strict=True) if row[0].category == category]
    if not rows:
        held = ", ".join(sorted({pair.category for pair in frozen.questions}))
        raise InputError(f"{frozen.root}: no pair of category {category!r}; it holds {held or 'none at all'}")
    questions, truths = zip(*rows, strict=True)
    name = f"{frozen.manifest.name}-{re.sub('[^a-z0-9]+', '-', category.lower())}"
    manifest = msgspec.structs.replace(frozen.manifest, name=name, counts={category: len(rows)})
    digest = hashlib.sha256(f"the pairs of {category} in {frozen.digest}".encode()).hexdigest()
    return FrozenSet(frozen.root, digest, manifest, questions, truths)


def _question_line(pair: StepPair) -> QuestionLine:
    first, second = (ShownStep(headline=step.headline, image=step.image) for step in (pair.first, pair.second))
    return QuestionLine(pair_id=pair.pair_id, category=pair.category, title=pair.title, steps=(first, second))


def _truth_line(truth: GroundTruth) -> TruthLine:
    return TruthLine(
        pair_id=truth.pair_id,
        label=1 if truth.label else 0,
        article_id=truth.article_id,
        positions=truth.positions,
        strata=dict(truth.strata),
    )


def read_manifest(root: Path) -> Manifest:
    """Read `manifest.json` of a set."""
    path = root / "manifest.json"
    return decoding.decode(Manifest, files.content(path), str(path))


def _to_pair(line: QuestionLine) -> StepPair:
    first, second = (Step(step.headline, step.image) for step in line.steps)
    return StepPair(line.pair_id, line.category, line.title, first, second)


def _to_truth(line: TruthLine) -> GroundTruth:
    return GroundTruth(line.pair_id, line.label, line.article_id, line.positions, line.strata)


def _check_alignment(root: Path, questions: Sequence[StepPair], truths: Sequence[GroundTruth]) -> None:
    if [pair.pair_id for pair in questions] != [truth.pair_id for truth in truths]:
        raise InputError(f"{root}: questions and answers do not hold the same pairs in the same order; rebuild the set")
    if len({pair.pair_id for pair in questions}) != len(questions):
        raise InputError(f"{root}: a pair_id stands twice in questions.jsonl; rebuild the set")
    held = {name for name in checksums.names(root) if name.startswith("images/")}
    for pair in questions:
        for step in (pair.first, pair.second):
            if step.image not in held:
                raise InputError(f"{root}: pair {pair.pair_id} shows {step.image}, which the set does not hold")
