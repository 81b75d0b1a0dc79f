"""The human row: a blind page of pairs for people, and the score of the answers that it saves.

The ceiling of this task is not 1: annotators found only 41 % of wikiHow's parts strictly ordered. So a person may also
answer that there is no true order. That is read as p = 0.5, which the convention for ties counts as out of order.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dataset_builder.describe import showing
from harness import keyed
from harness.contract import bundle, files, release, schema
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.records import Modality
from harness.run.judging import judge
from harness.run.pipeline import LOG

FORMAT = 1
KEY = b"sheet"
MEANS = {"first": 1.0, "second": 0.0, "none": 0.5}  # which step comes first: the one shown first, second, no true order
ISOLATION: Mapping[str, Any] = {
    "sandbox": "none",
    "isolated": False,
    "covers": [],
    "exposes": ["a person answered, on a page without labels; nobody watched"],
}


@dataclass(frozen=True, slots=True)
class Row:
    """A scored sheet. unordered: the share of pairs that the person found to have no true order."""

    root: Path
    answered: int
    unordered: float
    scores: Mapping[str, Any]


def page(frozen: FrozenSet, per_category: int) -> str:
    """The blind page: categories mixed in keyed order, no label anywhere in it."""
    pairs = showing.choose(frozen, per_category, blind=True)
    mixed = keyed.order(pairs, KEY, "mix", lambda pair: pair.pair_id)
    return showing.page(
        "sheet.html.jinja", title=frozen.title, digest=frozen.digest, pairs=mixed, asked=[p.pair_id for p in mixed]
    )


def read(path: Path, frozen: FrozenSet) -> dict[str, float]:
    """Probability in order by pair id, from the file that the page saved; an InputError names what does not fit."""
    try:
        saved = files.parse_object(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted the file that the sheet saved") from None
    schema.check(saved, "sheet", str(path))
    if saved["set"] != frozen.digest:
        raise InputError(
            f"{path}: answers of another set (digest {saved['set'][:12]}…), wanted {frozen.digest[:12]}…; "
            f"name the folder of the set that the sheet was made from"
        )
    known = {pair.pair_id for pair in frozen.questions}
    if strange := sorted(saved["answers"].keys() - known):
        raise InputError(f"{path}: {frozen.title} holds no pair {strange[0]}; make the sheet again")
    return {pair_id: MEANS[choice] for pair_id, choice in sorted(saved["answers"].items())}


def score(frozen: FrozenSet, key: bytes | None, answered: Mapping[str, float], name: str, results: Path) -> Row:
    """Write the row `human-NAME` of the board, over the answered pairs alone. key: of a hidden set."""
    canaries = release.secret(frozen, key)
    asked = only(frozen, answered.keys() - canaries.keys())
    row = f"human-{name}"
    root = bundle.folder(results, row, frozen, Modality.VISION_TEXT)
    if root.exists():
        raise InputError(f"{root}: a bundle lies here already; choose another --name, or remove it")
    predictions = {pair.pair_id: answered[pair.pair_id] for pair in asked.questions}
    judged = judge(asked, {}, predictions, [])
    trust = {"stateful": False, "probed": 0} | judged.trust
    result = bundle.result_json(
        frozen, _describe(row, name), Modality.VISION_TEXT, 0, ISOLATION, trust, judged.scores, None
    )
    root.mkdir(parents=True)
    (root / LOG).write_text("a person answered a blind sheet; nothing ran in a sandbox\n", encoding="utf-8")
    bundle.write(root, result, judged.articles, predictions, [], {})
    unordered = Counter(predictions.values())[MEANS["none"]] / len(predictions)
    return Row(root, len(predictions), unordered, judged.scores)


def only(frozen: FrozenSet, pair_ids: Sequence[str] | set[str]) -> FrozenSet:
    """The set with these pairs alone; an InputError where none is left."""
    wanted = set(pair_ids)
    rows = [row for row in zip(frozen.questions, frozen.truths, strict=True) if row[0].pair_id in wanted]
    if not rows:
        raise InputError("the sheet holds no answers yet; answer at least one pair and save again")
    questions, answers = zip(*rows, strict=True)
    return replace(frozen, questions=questions, truths=answers)


def _describe(row: str, name: str) -> dict[str, Any]:
    return {
        "name": row,
        "title": f"Human: {name}",
        "kind": "control",
        "authors": [name],
        "licence": "CC0-1.0",
        "paper": None,
        "parameters": None,
        "digest": hashlib.sha256(row.encode()).hexdigest(),
        "image": None,
        "weights": None,
        "training_data": [],
    }
