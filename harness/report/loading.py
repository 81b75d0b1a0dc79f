"""Reading of scored bundles of one set, and of that set, for comparison and analysis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from harness.contract import bundle, frozen_set, release
from harness.contract.bundle import Bundle
from harness.contract.checksums import SUMS
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.records import Modality
from harness.run import verification
from harness.statistics import comparison, tally
from harness.statistics.tally import Tally


def read(roots: Sequence[Path]) -> list[Bundle]:
    """Read scored bundles of one set.

    Raises:
        InputError: two of them are of different sets.
    """
    found = [_read_scored(root) for root in roots]
    for other in found[1:]:
        if other.result.set.digest != found[0].result.set.digest:
            names = [f"{b.root} answers {set_title(b)} ({b.result.set.digest[:12]}…)" for b in (found[0], other)]
            raise InputError(f"{' but '.join(names)}; only results on one set can be set side by side")
    return found


def find(folders: Sequence[Path]) -> list[Path]:
    """Return the bundles among these folders and below them. Failed runs are included only if named directly.

    Raises:
        InputError: a folder holds no bundle, or every run in it failed.
    """
    found: dict[Path, None] = {}
    for folder in folders:
        inside = [path.parent for path in sorted(folder.rglob(SUMS)) if (path.parent / "result.json").is_file()]
        if folder in inside:
            inside = [folder]
        elif not inside:
            missing = "no result bundle in it" if folder.is_dir() else "no such folder"
            raise InputError(f"{folder}: {missing}; name a folder that `wikiorder evaluate` wrote")
        else:
            inside = [root for root in inside if bundle.read(root).result.status == "scored"]
        found |= dict.fromkeys(inside)
    if not found:
        raise InputError(f"{folders[0]}: every run in it failed; there is nothing to report")
    return list(found)


def beside(found: Bundle) -> list[Bundle]:
    """Return the scored results of other submissions on the same set and modality, in the same results folder.

    What cannot be read is left out: it is no part of the result that is told about.
    """
    others = []
    submission, set_name, modality = found.root.parts[-3:]
    for sums in sorted(found.root.parents[2].glob(f"*/{set_name}/{modality}/{SUMS}")):
        if sums.parts[-4] == submission:
            continue
        try:
            other = _read_scored(sums.parent)
        except InputError:
            continue
        if other.result.set.digest == found.result.set.digest:
            others.append(other)
    return others


def own_modalities(found: Bundle) -> dict[Modality, Bundle]:
    """Return a scored result and the others of the same submission on the same set, by modality."""
    group = {found.result.modality: found}
    for modality in Modality:
        root = found.root.with_name(modality.folder)
        if modality in group or not (root / SUMS).is_file():
            continue
        try:
            other = _read_scored(root)
        except InputError:
            continue
        same = other.result.submission.digest == found.result.submission.digest
        if same and other.result.set.digest == found.result.set.digest:
            group[modality] = other
    return group


def load_set(data: Path, found: Bundle) -> FrozenSet:
    """Load and verify the set that a bundle answers, or the part of one category where it answers only that.

    Args:
        data: the folder of the set, or its parent.

    Raises:
        InputError: the folder holds another set.
    """
    subset, digest = found.result.set.subset, found.result.set.digest
    frozen = frozen_set.load(data / subset if (data / subset).is_dir() else data)
    answered = {row.category for row in found.articles}
    parts = (
        frozen_set.of_category(frozen, name)
        for name, count in frozen.manifest.counts.items()
        if name in answered and count
    )
    frozen = next((part for part in chain([frozen], parts) if part.digest == digest), frozen)
    if frozen.digest != digest:
        raise InputError(
            f"{frozen.root} is {frozen.title} ({frozen.digest[:12]}…), but {found.root} answers {set_title(found)} "
            f"({found.result.set.digest[:12]}…); name the set that was asked"
        )
    return frozen


def load_counted(data: Path, found: Bundle, key_file: Path | None) -> FrozenSet:
    """Load the set without its canaries, as it is scored. key_file: the release key, which a hidden set needs."""
    frozen = load_set(data, found)
    return release.counted(frozen, release.secret(frozen, release.read_key(key_file) if key_file else None))


def tallies(found: Bundle) -> list[Tally]:
    """Return the counts per article of a bundle, by category."""
    return tally.of_articles(found.articles)


def grade(found: Bundle, frozen: FrozenSet) -> dict[str, int]:
    """Return 1 for each pair of the set that the bundle got right, else 0, by pair id."""
    return tally.grade(frozen.questions, frozen.truths, found.predictions)


def agreed(first: Bundle, second: Bundle, frozen: FrozenSet | None) -> set[str]:
    """Return the categories in which two bundles answer every pair alike; without the set, all of them or none."""
    category_of = {pair.pair_id: pair.category for pair in frozen.questions} if frozen else None
    categories = {row.category for row in first.articles}
    return comparison.agreed_categories(categories, first.predictions, second.predictions, category_of)


def name(found: Bundle) -> str:
    """Return the submission and the modality of a bundle, such as "clip vision+text"."""
    return f"{found.result.submission.name} {found.result.modality}"


def set_title(found: Bundle) -> str:
    """Return name, version and subset of the set that a bundle answers."""
    return found.result.set.title


def _read_scored(root: Path) -> Bundle:
    found = bundle.read(root)
    verification.scores_of(found)
    return found
