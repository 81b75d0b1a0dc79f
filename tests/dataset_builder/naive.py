"""A builder that prevents no leak: the opposite of everything in `rows`, `stripping` and `headlines`.

Pictures keep their file names, their bytes and their times; ids tell the article and both steps; rows stand as they
were made, the first half of a category in order and the second half inverted; "Step 3:" stays in the headlines.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from msgspec import structs

from dataset_builder import sources
from dataset_builder.articles import filters, splitting
from dataset_builder.pairs import pairing
from dataset_builder.pictures import intake
from dataset_builder.spec import HeadlineRules, Spec
from harness.contract.frozen_set import FrozenSet, Manifest
from harness.records import GroundTruth, Step, StepPair


def naive_sets(raw: Path, spec: Spec, folder: Path) -> dict[str, FrozenSet]:
    """Train and test as a naive builder would make them of the same articles."""
    spec = structs.replace(spec, headlines=HeadlineRules(scrub_ordinals=False))
    ledger = filters.FilterLedger()
    articles = filters.by_text(sorted(sources.read(raw), key=lambda article: article.article_id), spec, ledger)
    found = intake.examine(raw, articles, folder / "pool", spec, 1)
    kept = {one.article_id: one for one in filters.by_picture(found, ledger)}
    subsets = splitting.split(kept.values(), {name: name for name in kept}, spec)
    sets = {}
    for name in ("train", "test"):
        cells = {home: [kept[one] for one in ids] for home, ids in subsets[name].items()}
        sets[name] = _set(raw, folder / name, list(pairing.choose(cells, spec, name)))
    return sets


def _set(raw: Path, root: Path, cells: list[pairing.DrawnPairs]) -> FrozenSet:
    rows = [
        row for cell in cells for number, pair in enumerate(cell.pairs) for row in _rows(raw, root, cell, number, pair)
    ]
    manifest = Manifest("naive", "1", root.name, "public", {})
    return FrozenSet(root, "0" * 64, manifest, tuple(pair for pair, _ in rows), tuple(answer for _, answer in rows))


def _rows(
    raw: Path, root: Path, cell: pairing.DrawnPairs, number: int, pair: pairing.UnorderedPair
) -> list[tuple[StepPair, GroundTruth]]:
    article = pair.source.article
    positions = (pair.earlier, pair.later) if number < len(cell.pairs) // 2 else (pair.later, pair.earlier)
    steps = []
    for place in positions:
        name = f"images/{Path(article.steps[place].picture).name}"
        (root / "images").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(raw / article.steps[place].picture, root / name)
        os.utime(root / name, (0, 1_600_000_000 + 60 * place))  # pictures were taken one after the other
        steps.append(Step(article.steps[place].headline, name))
    pair_id = f"{article.article_id}-{positions[0]}-{positions[1]}"
    question = StepPair(pair_id, article.category, article.title, *steps)
    return [(question, GroundTruth(pair_id, int(positions[0] < positions[1]), article.article_id, positions))]
