"""The report of an audit: a table, JSON, a figure, and control rows for the board."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from dataset_builder.audit.verdict import LEVEL, MARGIN, Audit, ClusteredAccuracy, ProbeResult, Verdict
from dataset_builder.describe import control_rows
from dataset_builder.describe.control_rows import ControlRow
from harness.contract import bundle
from harness.contract.decoding import Record
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Isolation
from harness.records import GroundTruth

CURED_BY_ENCODING = {"coding", "file size"}
ISOLATION = Isolation(
    sandbox="process",
    isolated=False,
    covers=(),
    exposes=("a probe of the audit itself: no stranger's code ran",),
)
LOG_TEXT = "a shortcut probe, fitted on train by the audit; nothing ran in a sandbox"
TRAINING_DATA = "the train subset of the same set"


class AuditRule(Record, frozen=True, kw_only=True):
    """The rule of the verdict."""

    margin: float = MARGIN
    level: float = LEVEL
    correction: str = "Holm"
    clustered_by: str = "article"


class ReportedAccuracy(Record, frozen=True, kw_only=True):
    """An accuracy in [0, 1]; `standard_error` is `None` with a single article; `upper_bound` at 95 %, one-sided."""

    accuracy: float
    standard_error: float | None
    upper_bound: float
    articles: int
    pairs: int


class ReportedProbe(Record, frozen=True, kw_only=True):
    """One probe: `sees` names its features; `p_holm` is `None` for a content probe.

    printed: where the lower bound of its accuracy is above the limit. examples: pairs that it answers most surely.
    """

    name: str
    kind: Literal["artefact", "content"]
    sees: str
    overall: ReportedAccuracy
    p_holm: float | None
    fires: bool
    printed: list[str]
    examples: list[str]
    categories: dict[str, ReportedAccuracy]


class AuditReport(Record, frozen=True, kw_only=True):
    """`audit.json`: the verdict, its explanation and rule, and every probe."""

    verdict: str
    explanation: str
    rule: AuditRule
    probes: list[ReportedProbe]


def summarise(audit: Audit) -> AuditReport:
    """Return the audit as `audit.json` holds it."""
    return AuditReport(
        verdict=audit.verdict.value,
        explanation=explain(audit),
        rule=AuditRule(),
        probes=[_probe(result) for result in audit.results],
    )


def _probe(result: ProbeResult) -> ReportedProbe:
    return ReportedProbe(
        name=result.probe.name,
        kind=_kind(result),
        sees=result.probe.sees,
        overall=_accuracy(result.overall),
        p_holm=None if result.adjusted is None else round(result.adjusted, 6),
        fires=result.fires,
        printed=list(result.printed),
        examples=list(result.examples) if result.printed else [],
        categories={name: _accuracy(found) for name, found in result.categories.items()},
    )


def _kind(result: ProbeResult) -> Literal["artefact", "content"]:
    return "artefact" if result.probe.gates else "content"


def _accuracy(found: ClusteredAccuracy) -> ReportedAccuracy:
    return ReportedAccuracy(
        accuracy=round(found.accuracy, 6),
        standard_error=round(found.error, 6) if found.articles > 1 else None,
        upper_bound=round(found.bound(1 - LEVEL), 6),
        articles=found.articles,
        pairs=found.pairs,
    )


def table(audit: Audit, layout: str = "simple") -> str:
    """Return one line per probe: features, accuracy over all and in each category, and whether it fires."""
    from tabulate import tabulate

    categories = list(audit.results[0].categories)
    rows = [
        [
            _kind(result),
            result.probe.name,
            f"{result.overall.accuracy:.3f}",
            f"{result.overall.bound(1 - LEVEL):.3f}",
            "" if result.adjusted is None else f"{result.adjusted:.3f}",
            "yes" if result.fires else "",
            *(f"{result.categories[name].accuracy:.2f}" for name in categories),
        ]
        for result in audit.results
    ]
    header = ["kind", "probe", "accuracy", "at most", "p (Holm)", "fires", *categories]
    return tabulate(rows, header, tablefmt=layout, disable_numparse=True)


def explain(audit: Audit) -> str:
    """Return the verdict in words, with its evidence and possible remedies."""
    gating = [result for result in audit.results if result.probe.gates]
    firing = [result.probe.name for result in gating if result.fires]
    limit, most = 0.5 + MARGIN, 0.5 + 2 * MARGIN
    if audit.verdict is Verdict.PASS:
        return (
            f"pass: no artefact tells the order; with 95 % confidence, each is right in less than {most:.2f} of pairs."
        )
    if audit.verdict is Verdict.FAIL:
        told = [f"the order shows in more than {limit:.2f} of pairs by {', '.join(firing)}"] if firing else []
        told += [_printed(result) for result in audit.results if result.printed]
        return " ".join([f"fail: {'; '.join(told)}. Do not release this set.", *_remedies(firing)])
    bounds = {result.probe.name: result.overall.bound(1 - LEVEL) for result in gating}
    undecided = {name: bound for name, bound in bounds.items() if bound >= most}
    named = ", ".join(f"{name} (up to {bound:.2f})" for name, bound in undecided.items())
    words = (
        f"inconclusive: no artefact is shown to tell the order in more than {limit:.2f} of pairs, but the "
        f"{gating[0].overall.articles} articles of test are too few to rule out {most:.2f} for {named}. "
        f"More articles in test settle it."
    )
    return " ".join([words, *_remedies(undecided)])


def _printed(result: ProbeResult) -> str:
    """Return where a probe reads the order as if it were printed, with examples."""
    shown = " and ".join(f'"{example}"' for example in result.examples)
    return f"{result.probe.name} tells the order of {', '.join(result.printed)} as if it were printed, such as {shown}"


def _remedies(names: Iterable[str]) -> list[str]:
    cured = sorted(set(names) & CURED_BY_ENCODING)
    return [f"`[pictures] reencode = true` in the spec evens out {' and '.join(cured)}."] if cured else []


def draw(audit: Audit, path: Path, title: str) -> None:
    """Draw each probe's accuracy with its 95 % interval, its categories as small dots, and the margins of the gate."""
    from matplotlib.figure import Figure
    from scipy.stats import t

    figure = Figure(figsize=(8, 0.34 * len(audit.results) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    lowest = min(0.42, *(r.overall.accuracy - 0.03 for r in audit.results))
    for place, result in enumerate(reversed(audit.results)):
        found = result.overall
        colour = "#c0392b" if result.fires else "#1f4e79" if result.probe.gates else "#8a8a8a"
        half = float(t.ppf(0.975, found.articles - 1)) * found.error if found.articles > 1 else 0.0
        dots = [one.accuracy for one in result.categories.values()]
        axes.scatter(dots, [place] * len(dots), s=9, color=colour, alpha=0.3, linewidths=0, zorder=2)
        axes.errorbar(found.accuracy, place, xerr=half, fmt="o", color=colour, markersize=5, capsize=3, zorder=3)
    axes.axvspan(0.5 + MARGIN, 1.0, color="#c0392b", alpha=0.06, linewidth=0)
    axes.axvline(0.5, color="black", linewidth=0.8)
    for bound in (0.5 + MARGIN, 0.5 + 2 * MARGIN):
        axes.axvline(bound, color="#c0392b", linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_yticks(range(len(audit.results)), [r.probe.name for r in reversed(audit.results)])
    axes.set_xlim(lowest, max(0.62, *(r.overall.accuracy + 0.03 for r in audit.results)))
    axes.set_xlabel("accuracy on test (0.5 is chance; the dashed lines are the margin and twice the margin)")
    axes.set_title(f"{title}: {audit.verdict.value}\nblue gates, grey is reported, red fires", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.2)
    figure.savefig(path, dpi=160, metadata={"Software": None})


def write_controls(audit: Audit, frozen: FrozenSet, canaries: Mapping[str, GroundTruth], results: Path) -> list[Path]:
    """Write the content probes as result bundles, as controls beside the models, and return their folders."""
    return [_write_control(r, frozen, canaries, results) for r in audit.results if not r.probe.gates]


def _write_control(result: ProbeResult, frozen: FrozenSet, canaries: Mapping[str, GroundTruth], results: Path) -> Path:
    probe = result.probe
    name = f"probe-{probe.name.replace(' ', '-')}"
    root = bundle.folder(results, name, frozen, probe.modality)
    submission = control_rows.control(
        name,
        f"Shortcut probe: {probe.name}",
        ["WikiOrder"],
        "Apache-2.0",
        hashlib.sha256(f"{name}: {probe.sees}".encode()).hexdigest(),
        [TRAINING_DATA],
    )
    row = ControlRow(submission, probe.modality, ISOLATION, LOG_TEXT)
    control_rows.write(row, frozen, canaries, result.probabilities, root)
    return root
