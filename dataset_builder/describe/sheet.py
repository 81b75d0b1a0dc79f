"""The human row: a blind page of pairs for people, and the score of the answers that the page saves.

The highest reachable accuracy is not 1: annotators found only 41 % of wikiHow's parts strictly ordered. So a person may
also answer that there is no true order. That is read as p = 0.5, which by the convention for ties means out of order.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from dataset_builder.describe import control_rows, showing
from dataset_builder.describe.control_rows import ControlRow
from harness import keyed
from harness.contract import bundle, decoding, release
from harness.contract.decoding import Record
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Accuracy, Digest, Isolation
from harness.errors import InputError
from harness.records import Modality

KEY = b"sheet"
# Which step comes first: the one shown first, the one shown second, or no true order.
MEANS = {"first": 1.0, "second": 0.0, "none": 0.5}
ISOLATION = Isolation(
    sandbox="none",
    isolated=False,
    covers=(),
    exposes=("a person answered, on a page without labels; nobody watched",),
)
LOG_TEXT = "a person answered a blind sheet; nothing ran in a sandbox"


class SheetAnswers(Record, frozen=True, kw_only=True):
    """The file that the page saves: the digest of the set, and a choice by pair id."""

    format: Literal[1]
    set: Digest
    answers: dict[str, Literal["first", "second", "none"]]


@dataclass(frozen=True, slots=True)
class ScoredSheet:
    """A scored sheet. unordered: the fraction of pairs that the person found to have no true order."""

    root: Path
    answered: int
    unordered: float
    accuracy: Accuracy


def page(frozen: FrozenSet, per_category: int) -> str:
    """Return the blind page: categories mixed in keyed order, without labels."""
    pairs = showing.choose(frozen, per_category, blind=True)
    mixed = keyed.order(pairs, KEY, "mix", lambda pair: pair.pair_id)
    return showing.page(
        "sheet.html.jinja", title=frozen.title, digest=frozen.digest, pairs=mixed, asked=[p.pair_id for p in mixed]
    )


def read(path: Path, frozen: FrozenSet) -> dict[str, float]:
    """Return the probability in order by pair id, from the file that the page saved.

    Raises:
        InputError: the file is missing or not valid, or belongs to another set.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted the file that the sheet saved") from None
    saved = decoding.decode(SheetAnswers, content, str(path))
    if saved.set != frozen.digest:
        raise InputError(
            f"{path}: answers of another set (digest {saved.set[:12]}…), wanted {frozen.digest[:12]}…; "
            f"name the folder of the set that the sheet was made from"
        )
    known = {pair.pair_id for pair in frozen.questions}
    if strange := sorted(saved.answers.keys() - known):
        raise InputError(f"{path}: {frozen.title} holds no pair {strange[0]}; make the sheet again")
    return {pair_id: MEANS[choice] for pair_id, choice in sorted(saved.answers.items())}


def score(frozen: FrozenSet, key: bytes | None, answered: Mapping[str, float], name: str, results: Path) -> ScoredSheet:
    """Write the row `human-NAME` of the board, over the answered pairs alone.

    Args:
        key: the release key of a hidden set.

    Raises:
        InputError: there is a bundle of that name, or no answer.
    """
    canaries = release.secret(frozen, key)
    asked = only(frozen, answered.keys() - canaries.keys())
    human = f"human-{name}"
    root = bundle.folder(results, human, frozen, Modality.VISION_TEXT)
    if root.exists():
        raise InputError(f"{root}: a bundle lies here already; choose another --name, or remove it")
    predictions = {pair.pair_id: answered[pair.pair_id] for pair in asked.questions}
    digest = hashlib.sha256(human.encode()).hexdigest()
    submission = control_rows.control(human, f"Human: {name}", [name], "CC0-1.0", digest, [])
    row = ControlRow(submission, Modality.VISION_TEXT, ISOLATION, LOG_TEXT)
    accuracy = control_rows.write(row, frozen, {}, predictions, root, asked)
    unordered = Counter(predictions.values())[MEANS["none"]] / len(predictions)
    return ScoredSheet(root, len(predictions), unordered, accuracy)


def only(frozen: FrozenSet, pair_ids: Collection[str]) -> FrozenSet:
    """Return the set with these pairs alone.

    Raises:
        InputError: no pair is left.
    """
    wanted = set(pair_ids)
    rows = [row for row in zip(frozen.questions, frozen.truths, strict=True) if row[0].pair_id in wanted]
    if not rows:
        raise InputError("the sheet holds no answers yet; answer at least one pair and save again")
    questions, truths = zip(*rows, strict=True)
    return replace(frozen, questions=questions, truths=truths)
