"""An erratum: labels are corrected in a new version of a set, and every stored answer is scored anew. No model runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import __version__
from harness.contract import bundle
from harness.contract.bundle import ArticleCount, Bundle
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.records import GroundTruth, Modality
from harness.run.judging import judge
from leaderboard import markdown

Table = dict[str, Any]


def rescore_all(results: Path, old: FrozenSet, new: FrozenSet, canaries: Mapping[str, GroundTruth]) -> list[Path]:
    """A bundle on the new version for each on the old one, which stays; what was filed already is left as it is.

    canaries: of the new version, if it is hidden.
    """
    check(old, new)
    filed = [bundle.read(path.parent) for path in sorted(results.rglob("result.json"))]
    ours = [found for found in filed if found.result["set"]["digest"] == old.digest]
    if not ours:
        raise InputError(f"{results}: no bundle is on {old.title} ({old.digest[:12]}…); name the set that was asked")
    return [_rescore(found, new, canaries, results) for found in ours]


def check(old: FrozenSet, new: FrozenSet) -> None:
    """An erratum raises the version and asks nothing that was not asked: only answers may differ."""
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


def corrected(old: FrozenSet, new: FrozenSet) -> tuple[int, int]:
    """How many labels changed, and how many pairs were left out."""
    before = {answer.pair_id: answer.label for answer in old.truths}
    changed = sum(before[answer.pair_id] != answer.label for answer in new.truths)
    return changed, len(old.truths) - len(new.truths)


def _rescore(found: Bundle, new: FrozenSet, canaries: Mapping[str, GroundTruth], results: Path) -> Path:
    result = found.result | {"set": bundle.describe_set(new), "harness": {"version": __version__}}
    kept = {pair.pair_id for pair in new.questions}
    answered = {pair_id: p for pair_id, p in found.predictions.items() if pair_id in kept}
    counts: list[ArticleCount] = []
    if result["status"] == "scored":
        judged = judge(new, canaries, answered, found.probes)
        counts = judged.articles
        result |= {"scores": judged.scores, "trust": result["trust"] | judged.trust}
    root = bundle.folder(results, result["submission"]["name"], new, Modality(result["modality"]))
    if not root.exists():
        root.mkdir(parents=True)
        bundle.write(root, result, counts, answered, found.probes, found.timings)
    return root


def report(before: Table, after: Table, changed: int, left_out: int) -> str:
    """Each row's accuracy and rank under both versions, side by side, in Markdown."""
    old, new = before["set"], after["set"]
    head = (
        f"# {markdown.text(old['name'])} {old['version']} to {new['version']}\n\n{changed} labels corrected, "
        f"{left_out} pairs left out. Stored answers were scored anew; no model was run.\n\n"
    )
    columns = ("submission", "modality", "macro before", "macro after", "rank before", "rank after")
    return head + markdown.grid(columns, _moves(before["rows"], after["rows"]))


def _moves(before: Sequence[Table], after: Sequence[Table]) -> Iterator[list[str]]:
    was = {(row["submission"]["name"], row["modality"]): row for row in before}
    for row in after:
        earlier = was[row["submission"]["name"], row["modality"]]
        macros = [markdown.percent(found["macro"]) for found in (earlier, row)]
        ranks = [markdown.rank(found) for found in (earlier, row)]
        yield [markdown.text(row["submission"]["title"]), row["modality"], *macros, *ranks]
