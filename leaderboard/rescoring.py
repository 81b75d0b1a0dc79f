"""Bundles that are scored here without running a model.

Predictions alone, whose run was not observed, become a bundle that is shown and takes no rank. An erratum corrects
labels in a new version of a set: the stored predictions of every bundle on the old version are scored again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from harness import __version__
from harness.contract import bundle, files
from harness.contract.bundle import ArticleCount, Bundle, PredictionLine
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import HarnessIdentity, Isolation, Timings, Trust
from harness.contract.submission import Submission
from harness.errors import InputError
from harness.records import GroundTruth, Modality
from harness.run.judging import judge
from leaderboard import filing, markdown
from leaderboard.document import Row, SetTable
from leaderboard.eligibility import NO_SANDBOX

NOT_OBSERVED = Isolation(
    sandbox=NO_SANDBOX, isolated=False, covers=(), exposes=("everything: only predictions were sent",)
)


def read_predictions(path: Path, frozen: FrozenSet) -> dict[str, float]:
    """Read one {"pair_id", "p_in_order"} per line. Return the probabilities by pair id.

    Raises:
        InputError: a line is malformed, or a pair of the set is missing, unknown or answered twice.
    """
    found = list(files.read_records(path, PredictionLine, bundle.to_prediction))
    wanted = {pair.pair_id for pair in frozen.questions}
    times = Counter(prediction.pair_id for prediction in found)
    _refuse(path, "missing", wanted - times.keys(), len(wanted))
    _refuse(path, "not of this set", times.keys() - wanted, len(wanted))
    _refuse(path, "answered twice", (pair_id for pair_id, count in times.items() if count > 1), len(wanted))
    return {prediction.pair_id: prediction.p_in_order for prediction in found}


def _refuse(path: Path, fault: str, pairs: Iterable[str], wanted: int) -> None:
    at_fault = sorted(pairs)
    if at_fault:
        raise InputError(
            f"{path}: {len(at_fault)} pairs {fault}, such as {at_fault[0][:80]!r}; wanted each of the set's {wanted} "
            "pairs exactly once"
        )


def write_predictions(
    results: Path,
    submission: Submission,
    frozen: FrozenSet,
    canaries: Mapping[str, GroundTruth],
    modality: Modality,
    predictions: Mapping[str, float],
) -> Path:
    """Score predictions and write their bundle, marked as made without a sandbox. Return its folder.

    Args:
        canaries: the recorded ground truth of a hidden set's canaries, by pair id.

    Raises:
        InputError: there is a bundle already.
    """
    root = bundle.folder(results, submission.name, frozen, modality)
    if root.exists():
        raise InputError(f"{root}: a bundle lies here already; name another --results folder, or remove it")
    judged = judge(frozen, canaries, predictions, [], Trust(stateful=False, probed=0))
    about = bundle.describe_submission(submission, None, None)
    result = bundle.make_result(frozen, about, modality, 0, NOT_OBSERVED, judged.trust, judged.scores, None)
    root.mkdir(parents=True)
    bundle.write(root, result, judged.articles, predictions, [], Timings())
    return root


def rescore_all(results: Path, old: FrozenSet, new: FrozenSet, canaries: Mapping[str, GroundTruth]) -> list[Path]:
    """Write a bundle on the new version for each bundle on the old one, which stays. Return their folders.

    A bundle on the new version that is filed already is left as it is.

    Args:
        canaries: the recorded ground truth of the new version's canaries, if it is hidden.

    Raises:
        InputError: the sets are no two versions of one set, or no bundle is on the old one.
    """
    check_versions(old, new)
    filed = [bundle.read(root) for root in filing.bundle_folders(results)]
    ours = [found for found in filed if found.result.set.digest == old.digest]
    if not ours:
        raise InputError(f"{results}: no bundle is on {old.title} ({old.digest[:12]}…); name the set that was asked")
    return [_rescore(found, new, canaries, results) for found in ours]


def check_versions(old: FrozenSet, new: FrozenSet) -> None:
    """Check that `new` raises the version of `old` and asks only questions of it: no more than answers may differ.

    Raises:
        InputError: it does not.
    """
    if (old.manifest.name, old.manifest.subset) != (new.manifest.name, new.manifest.subset):
        raise InputError(f"{new.root} is {new.title}, which is no version of {old.title}; name two versions of one set")
    if old.manifest.version == new.manifest.version:
        raise InputError(f"{new.root}: a corrected set needs a new version; both say {new.manifest.version}")
    asked = {pair.pair_id: pair for pair in old.questions}
    other = [pair.pair_id for pair in new.questions if asked.get(pair.pair_id) != pair]
    if other:
        raise InputError(
            f"{new.root}: {len(other)} questions were not asked so in {old.title}, such as {other[0]}; an erratum "
            "changes answers or leaves pairs out. For other questions, evaluate again."
        )


def _rescore(found: Bundle, new: FrozenSet, canaries: Mapping[str, GroundTruth], results: Path) -> Path:
    result = msgspec.structs.replace(found.result, set=new.identity, harness=HarnessIdentity(version=__version__))
    kept = {pair.pair_id for pair in new.questions}
    answered = {pair_id: p for pair_id, p in found.predictions.items() if pair_id in kept}
    counts: list[ArticleCount] = []
    if result.status == "scored":
        judged = judge(new, canaries, answered, found.variants, result.trust)
        counts = judged.articles
        result = msgspec.structs.replace(result, scores=judged.scores, trust=judged.trust)
    root = bundle.folder(results, result.submission.name, new, result.modality)
    if not root.exists():
        root.mkdir(parents=True)
        bundle.write(root, result, counts, answered, found.variants, found.timings)
    return root


def erratum_report(old: FrozenSet, new: FrozenSet, tables: Sequence[SetTable]) -> str:
    """Return each row's accuracy and rank under both versions of a set, side by side, in Markdown.

    Args:
        tables: those of a board that has both versions.
    """
    before, after = (next(t for t in tables if t.set.digest == frozen.digest) for frozen in (old, new))
    labels = {truth.pair_id: truth.label for truth in old.truths}
    changed = sum(labels[truth.pair_id] != truth.label for truth in new.truths)
    head = (
        f"# {markdown.text(before.set.name)} {before.set.version} to {after.set.version}\n\n"
        f"{changed} labels corrected, {len(old.truths) - len(new.truths)} pairs left out. Stored answers were scored "
        "anew; no model was run.\n\n"
    )
    columns = ("submission", "modality", "macro before", "macro after", "rank before", "rank after")
    return head + markdown.grid(columns, _moves(before.rows, after.rows))


def _moves(before: Sequence[Row], after: Sequence[Row]) -> Iterator[list[str]]:
    was = {(row.submission.name, row.modality): row for row in before}
    for row in after:
        earlier = was[row.submission.name, row.modality]
        macros = [markdown.percent(found.macro) for found in (earlier, row)]
        ranks = [markdown.rank(found) for found in (earlier, row)]
        yield [markdown.text(row.submission.title), row.modality, *macros, *ranks]
