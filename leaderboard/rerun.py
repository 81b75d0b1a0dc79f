"""Evaluating one filed row again: which one, and how far the two runs agree.

The week decides the row, by a keyed order over the digests of the bundles, so that no person chooses it.
"""

from __future__ import annotations

from pathlib import Path

from harness import keyed
from harness.contract import bundle, submission
from harness.contract.bundle import PREDICTIONS, Bundle
from harness.errors import InputError
from harness.records import predicted_label
from harness.run import verification
from leaderboard import filing


def choose(results: Path, submissions: Path, digest: str, week: str) -> Bundle:
    """Return the bundle to evaluate again in a week.

    Args:
        submissions: the folder of submissions; only one whose folder is unchanged since its run can be chosen.
        digest: of the frozen set.
        week: such as "2026-W48".

    Raises:
        InputError: no bundle can be chosen.
    """
    filed = [bundle.read(root) for root in filing.bundle_folders(results)]
    candidates = [found for found in filed if found.result.set.digest == digest and repeatable(found, submissions)]
    if not candidates:
        raise InputError(
            f"{results}: no scored row on set {digest[:12]}… whose submission is in {submissions} unchanged"
        )
    return keyed.order(candidates, week.encode(), "rerun", lambda found: found.digest)[0]


def repeatable(found: Bundle, submissions: Path) -> bool:
    """Return whether a bundle is scored, holds its predictions, and its submission is unchanged.

    A run with weights from elsewhere is not repeatable.
    """
    about = found.result.submission
    folder = submissions / about.name
    complete = found.result.status == "scored" and (found.root / PREDICTIONS).is_file()
    present = about.weights is None and folder.is_dir()
    return complete and present and submission.folder_digest(folder) == about.digest


def agreement(first: Bundle, second: Bundle) -> str:
    """Return how far two runs of one row agree, in Markdown.

    Raises:
        InputError: the runs predict different pairs, or one failed.
    """
    was, now = first.predictions, second.predictions
    if was.keys() != now.keys():
        raise InputError(f"{second.root} answers other pairs than {first.root}; ask the same set")
    same = sum(predicted_label(was[pair]) == predicted_label(now[pair]) for pair in was)
    largest = max(abs(was[pair] - now[pair]) for pair in was)
    then_macro, now_macro = (verification.scores_of(found).accuracy.macro.value for found in (first, second))
    about = first.result
    return (
        f"Asked again: **{about.submission.name}**, {about.modality}, on {about.set.name} {about.set.version}.\n\n"
        f"* The same label on {same:,} of {len(was):,} pairs; the largest change of a probability is {largest:.6f}.\n"
        f"* Macro accuracy {100 * then_macro:.2f} % then, {100 * now_macro:.2f} % now.\n"
        f"* Bundle {first.digest}.\n"
    )
