"""Results read back for comparison and analysis: scored bundles of one set, and that set where it is at hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from harness.contract import bundle, frozen_set, release
from harness.contract.bundle import Bundle
from harness.contract.checksums import SUMS
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.statistics import tally
from harness.statistics.tally import Tally


def read(roots: Sequence[Path]) -> list[Bundle]:
    """Read scored bundles that answer one and the same set."""
    found = [_read_scored(root) for root in roots]
    for other in found[1:]:
        if other.result["set"]["digest"] != found[0].result["set"]["digest"]:
            names = [f"{b.root} answers {set_title(b)} ({b.result['set']['digest'][:12]}…)" for b in (found[0], other)]
            raise InputError(f"{' but '.join(names)}; only results on one set can be set side by side")
    return found


def find(folders: Sequence[Path]) -> list[Path]:
    """The bundles among these folders and below them, failed runs left out where they were not named themselves."""
    found: dict[Path, None] = {}
    for folder in folders:
        inside = [path.parent for path in sorted(folder.rglob(SUMS)) if (path.parent / "result.json").is_file()]
        if folder in inside:
            inside = [folder]
        elif not inside:
            raise InputError(f"{folder}: no result bundle in it; wanted what `wikiorder evaluate` wrote")
        else:
            inside = [root for root in inside if bundle.read(root).result["status"] == "scored"]
        found |= dict.fromkeys(inside)
    if not found:
        raise InputError(f"{folders[0]}: every run in it failed; there is nothing to report")
    return list(found)


def load_set(data: Path, found: Bundle) -> FrozenSet:
    """Load and verify the set that the bundles answer. data: its folder, or the one above its subset.

    Where they answer the part of one category, as a model made for it does, this is that part.
    """
    subset, digest = found.result["set"]["subset"], found.result["set"]["digest"]
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
            f"({found.result['set']['digest'][:12]}…); name the set that was asked"
        )
    return frozen


def load_counted(data: Path, found: Bundle, key_file: Path | None) -> FrozenSet:
    """The same as it is scored: a hidden set without its canaries, which its release key tells."""
    frozen = load_set(data, found)
    return release.counted(frozen, release.secret(frozen, release.read_key(key_file) if key_file else None))


def tallies(found: Bundle) -> list[Tally]:
    """Counts per article, by category, from the bundle alone."""
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    for row in found.articles:
        counts.setdefault(row.category, {})[row.article] = (row.correct, row.asked)
    return [tally.from_counts(category, counts[category]) for category in sorted(counts)]


def grade(found: Bundle, frozen: FrozenSet) -> dict[str, int]:
    """1 or 0 for each pair of the set, in the set's order."""
    return tally.grade(frozen.questions, frozen.truths, found.predictions)


def name(found: Bundle) -> str:
    return f"{found.result['submission']['name']} {found.result['modality']}"


def set_title(found: Bundle) -> str:
    return "{name} {version} {subset}".format(**found.result["set"])


def _read_scored(root: Path) -> Bundle:
    found = bundle.read(root)
    if found.result["status"] != "scored":
        raise InputError(f"{root}: this run failed ({found.result['failure']['reason']}); wanted a scored result")
    return found
