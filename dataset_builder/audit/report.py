"""An audit as a table, as JSON, as a picture, and as control rows for the board."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_builder.audit.auditing import LEVEL, MARGIN, Audit, Finding, Score, Verdict
from harness.contract import bundle
from harness.contract.frozen_set import FrozenSet
from harness.records import GroundTruth
from harness.run.judging import judge
from harness.run.pipeline import LOG

CURED_BY_RECODING = {"coding", "file size"}
KINDS = {True: "artefact", False: "content"}


def to_json(audit: Audit) -> dict[str, Any]:
    """Everything that was found, and by which rule it was judged."""
    return {
        "verdict": audit.verdict.value,
        "explanation": explain(audit),
        "rule": {"margin": MARGIN, "level": LEVEL, "correction": "Holm", "clustered_by": "article"},
        "probes": [_finding_json(finding) for finding in audit.findings],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    probe = finding.probe
    return {
        "name": probe.name,
        "kind": KINDS[probe.gates],
        "sees": probe.sees,
        "overall": _score_json(finding.overall),
        "p_holm": None if finding.adjusted is None else round(finding.adjusted, 6),
        "fires": finding.fires,
        "categories": {name: _score_json(score) for name, score in finding.categories.items()},
    }


def _score_json(score: Score) -> dict[str, Any]:
    known = score.articles > 1
    return {
        "accuracy": round(score.accuracy, 6),
        "standard_error": round(score.error, 6) if known else None,
        "upper_bound": round(score.bound(1 - LEVEL), 6),
        "articles": score.articles,
        "pairs": score.pairs,
    }


def table(audit: Audit, layout: str = "simple") -> str:
    """One line a probe: what it sees, its accuracy over all and in each category, and whether it fires."""
    from tabulate import tabulate

    categories = list(audit.findings[0].categories)
    rows = [
        [
            KINDS[finding.probe.gates],
            finding.probe.name,
            f"{finding.overall.accuracy:.3f}",
            f"{finding.overall.bound(1 - LEVEL):.3f}",
            "" if finding.adjusted is None else f"{finding.adjusted:.3f}",
            "yes" if finding.fires else "",
            *(f"{finding.categories[name].accuracy:.2f}" for name in categories),
        ]
        for finding in audit.findings
    ]
    header = ["kind", "probe", "accuracy", "at most", "p (Holm)", "fires", *categories]
    return tabulate(rows, header, tablefmt=layout, disable_numparse=True)


def explain(audit: Audit) -> str:
    """The verdict in words: what it rests on, and what can be done."""
    gating = [finding for finding in audit.findings if finding.probe.gates]
    firing = [finding.probe.name for finding in gating if finding.fires]
    limit, most = 0.5 + MARGIN, 0.5 + 2 * MARGIN
    if audit.verdict is Verdict.PASS:
        return (
            f"pass: no artefact tells the order; with 95 % confidence, each is right in less than {most:.2f} of pairs."
        )
    if audit.verdict is Verdict.FAIL:
        words = (
            f"fail: the order shows in more than {limit:.2f} of pairs by {', '.join(firing)}. Do not release this set."
        )
        return " ".join([words, *_remedies(firing)])
    open_still = {f.probe.name: f.overall.bound(1 - LEVEL) for f in gating if f.overall.bound(1 - LEVEL) >= most}
    named = ", ".join(f"{name} (up to {bound:.2f})" for name, bound in open_still.items())
    words = (
        f"inconclusive: no artefact is shown to tell the order in more than {limit:.2f} of pairs, but the "
        f"{gating[0].overall.articles} articles of test are too few to rule out {most:.2f} for {named}. "
        f"More articles in test settle it."
    )
    return " ".join([words, *_remedies(open_still)])


def _remedies(names: Iterable[str]) -> list[str]:
    cured = sorted(set(names) & CURED_BY_RECODING)
    return [f"`[pictures] reencode = true` in the spec evens out {' and '.join(cured)}."] if cured else []


def draw(audit: Audit, path: Path, title: str) -> None:
    """Each probe's accuracy with its 95 % interval, its categories as small dots, and where the gate stands."""
    from matplotlib.figure import Figure
    from scipy.stats import t

    figure = Figure(figsize=(8, 0.34 * len(audit.findings) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    lowest = min(0.42, *(f.overall.accuracy - 0.03 for f in audit.findings))
    for place, finding in enumerate(reversed(audit.findings)):
        score = finding.overall
        colour = "#c0392b" if finding.fires else "#1f4e79" if finding.probe.gates else "#8a8a8a"
        half = float(t.ppf(0.975, score.articles - 1)) * score.error if score.articles > 1 else 0.0
        dots = [one.accuracy for one in finding.categories.values()]
        axes.scatter(dots, [place] * len(dots), s=9, color=colour, alpha=0.3, linewidths=0, zorder=2)
        axes.errorbar(score.accuracy, place, xerr=half, fmt="o", color=colour, markersize=5, capsize=3, zorder=3)
    axes.axvspan(0.5 + MARGIN, 1.0, color="#c0392b", alpha=0.06, linewidth=0)
    axes.axvline(0.5, color="black", linewidth=0.8)
    for bound in (0.5 + MARGIN, 0.5 + 2 * MARGIN):
        axes.axvline(bound, color="#c0392b", linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_yticks(range(len(audit.findings)), [f.probe.name for f in reversed(audit.findings)])
    axes.set_xlim(lowest, max(0.62, *(f.overall.accuracy + 0.03 for f in audit.findings)))
    axes.set_xlabel("accuracy on test (0.5 is chance; the dashed lines are the margin and twice the margin)")
    axes.set_title(f"{title}: {audit.verdict.value}\nblue gates, grey is reported, red fires", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.2)
    figure.savefig(path, dpi=160, metadata={"Software": None})


def write_controls(audit: Audit, frozen: FrozenSet, canaries: Mapping[str, GroundTruth], results: Path) -> list[Path]:
    """Content probes as result bundles, for the board to show beside the models. Returns their folders."""
    return [_write_control(f, frozen, canaries, results) for f in audit.findings if not f.probe.gates]


def _write_control(finding: Finding, frozen: FrozenSet, canaries: Mapping[str, GroundTruth], results: Path) -> Path:
    probe = finding.probe
    name = f"probe-{probe.name.replace(' ', '-')}"
    root = bundle.folder(results, name, frozen, probe.modality)
    root.mkdir(parents=True, exist_ok=True)
    (root / LOG).write_text("a shortcut probe, fitted on train by the audit; nothing ran in a sandbox\n")
    judged = judge(frozen, canaries, finding.probabilities, ())
    trust = {"stateful": False, "probed": 0} | judged.trust
    result = bundle.result_json(
        frozen, _describe(name, finding), probe.modality, 0, ISOLATION, trust, judged.scores, None
    )
    bundle.write(root, result, judged.articles, finding.probabilities, (), {})
    return root


ISOLATION: Mapping[str, Any] = {
    "sandbox": "process",
    "isolated": False,
    "covers": [],
    "exposes": ["a probe of the audit itself: no stranger's code ran"],
}


def _describe(name: str, finding: Finding) -> dict[str, Any]:
    authors: Sequence[str] = ["WikiOrder"]
    return {
        "name": name,
        "title": f"Shortcut probe: {finding.probe.name}",
        "kind": "control",
        "authors": list(authors),
        "licence": "Apache-2.0",
        "paper": None,
        "parameters": None,
        "digest": hashlib.sha256(f"{name}: {finding.probe.sees}".encode()).hexdigest(),
        "image": None,
        "weights": None,
        "training_data": ["the train subset of the same set"],
    }
