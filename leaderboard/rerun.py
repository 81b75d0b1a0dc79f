"""One filed row asked again: does it still answer as it did? Which one changes each week, and nobody chooses it."""

from __future__ import annotations

from pathlib import Path

from harness import keyed
from harness.contract import bundle, submission
from harness.contract.bundle import Bundle
from harness.errors import InputError
from harness.records import Prediction


def choose(results: Path, submissions: Path, digest: str, week: str) -> Bundle:
    """The filed row to ask again in this week, such as "2026-W48": of those on the set of this digest whose
    submission stands in the repository as it was when it ran.
    """
    filed = (bundle.read(path.parent) for path in sorted(results.rglob("result.json")))
    candidates = [
        found for found in filed if found.result["set"]["digest"] == digest and repeatable(found, submissions)
    ]
    if not candidates:
        raise InputError(
            f"{results}: no scored row on set {digest[:12]}… whose submission is in {submissions} unchanged"
        )
    return keyed.order(candidates, week.encode(), "rerun", lambda found: found.digest)[0]


def repeatable(found: Bundle, submissions: Path) -> bool:
    """Scored, its answers at hand, and its submission as it was; weights from elsewhere are not."""
    about = found.result["submission"]
    folder = submissions / about["name"]
    at_hand = found.result["status"] == "scored" and (found.root / "predictions.jsonl").is_file()
    here = about["weights"] is None and folder.is_dir()
    return at_hand and here and submission.folder_digest(folder) == about["digest"]


def agreement(first: Bundle, second: Bundle) -> str:
    """How far two runs of one row agree, in Markdown."""
    was, now = first.predictions, second.predictions
    if was.keys() != now.keys():
        raise InputError(f"{second.root} answers other pairs than {first.root}; ask the same set")
    same = sum(Prediction(pair, was[pair]).label == Prediction(pair, now[pair]).label for pair in was)
    largest = max(abs(was[pair] - now[pair]) for pair in was)
    macro = [found.result["scores"]["accuracy"]["macro"]["value"] for found in (first, second)]
    about = first.result
    return (
        f"Asked again: **{about['submission']['name']}**, {about['modality']}, on {about['set']['name']} "
        f"{about['set']['version']}.\n\n"
        f"* The same label on {same:,} of {len(was):,} pairs; the largest change of a probability is {largest:.6f}.\n"
        f"* Macro accuracy {100 * macro[0]:.2f} % then, {100 * macro[1]:.2f} % now.\n"
        f"* Bundle {first.digest}.\n"
    )
