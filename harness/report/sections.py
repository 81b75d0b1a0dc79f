"""The text and tables of a report: sections, which the HTML and the Markdown page both render, and CSV tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from msgspec import UNSET, UnsetType

from harness.contract.result import CorrectedGap, Estimate, Trust
from harness.report.study import Study
from harness.statistics.modality_gap import CONTRASTS


@dataclass(frozen=True)
class Section:
    """One section of a report.

    headers, rows: its table, as text. figures: (name of a file in figures/ without suffix, caption).
    """

    title: str
    text: str
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    figures: Sequence[tuple[str, str]] = ()


Cells: TypeAlias = list[str | int | float | None]  # one row of a CSV table


class CsvTable(NamedTuple):
    """A table for other programs; numbers as in report.json."""

    headers: Sequence[str]
    rows: Sequence[Cells]


def sections(study: Study, figures: Mapping[str, str]) -> list[Section]:
    """Return the sections that have rows. figures: the captions of the drawn figures, by name."""
    made = [
        _verdicts(study),
        _accuracy(study, figures),
        _precision(study),
        _gaps(study, figures),
        _needs(study, figures),
        _geometry(study, figures),
        _strata(study, figures),
        _calibration(study, figures),
        _trust(study),
    ]
    return [section for section in made if section.rows]


def _verdicts(study: Study) -> Section:
    titles = {result.submission: result.title for result in study.results}
    rows = [[titles[name], " ".join(s.text for s in said)] for name, said in study.verdicts.items()]
    text = (
        'Each sentence claims what its 95 % interval shows, and no more: "not shown" leaves a question open. '
        "Comparisons with other submissions are corrected for their number (Holm)."
    )
    return Section("In short", text, ["submission", "verdict"], rows)


def _accuracy(study: Study, figures: Mapping[str, str]) -> Section:
    categories = list(study.results[0].scores.accuracy.categories)
    rows = []
    for result in study.results:
        accuracy = result.scores.accuracy
        cells = [accuracy.macro, accuracy.micro, *(accuracy.categories[name] for name in categories)]
        rows.append([result.name, *(with_interval(cell) for cell in cells)])
    text = (
        "The share of pairs answered correctly; chance is 0.5. Macro, the headline, is the mean over categories. "
        "Brackets: 95 % intervals clustered by article; none with fewer than six articles."
    )
    return Section(
        "Accuracy",
        text,
        ["result", "macro", "micro", *categories],
        rows,
        _those(figures, "accuracy", "heat_map"),
    )


def _precision(study: Study) -> Section:
    rows = []
    for result in study.results:
        precision = result.scores.precision
        effects = [c.design_effect for c in precision.categories.values() if c.design_effect]
        resolvable = [c.resolvable_difference for c in precision.categories.values()]
        known = [value for value in resolvable if value is not None]
        rows.append(
            [
                result.name,
                number(precision.macro.standard_error),
                number(precision.macro.resolvable_difference),
                f"{min(known):.3f} to {max(known):.3f}" if known else "-",
                f"{min(effects):.2f} to {max(effects):.2f}" if effects else "-",
            ]
        )
    text = (
        "The smallest difference that the split can resolve: found with power 0.8 at 5 %, against an equally precise "
        "result with independent errors. Design effect: the factor by which the similarity of an article's pairs "
        "increases the number of pairs needed."
    )
    headers = ["result", "standard error (macro)", "resolvable (macro)", "resolvable by category", "design effect"]
    return Section("Precision", text, headers, rows)


def _gaps(study: Study, figures: Mapping[str, str]) -> Section:
    contrasts = [f"{first} minus {second}" for first, second in CONTRASTS]
    rows = []
    for name, gaps in study.gaps.items():
        macros = [gaps[contrast].macro if contrast in gaps else None for contrast in contrasts]
        rows.append([name, *(f"{with_interval(m, '+.3f')}, p = {m.p:.4f}" if m else "-" for m in macros)])
    text = (
        "The difference in macro accuracy between two modalities, paired on the same questions; p from sign flips "
        "over articles. By category: gaps.csv, with Holm's correction."
    )
    return Section("Modality gap, as performance", text, ["submission", *contrasts], rows, _those(figures, "gaps"))


def _needs(study: Study, figures: Mapping[str, str]) -> Section:
    rows, headers = [], ["submission"]
    for name, found in study.pairs.items():
        shares = found.shares.all
        headers = ["submission", *shares.by_need, "pairs"]
        rows.append([name, *(f"{share:.1%}" for share in shares.by_need.values()), str(shares.pairs)])
    text = (
        "The share of pairs that a submission gets right with pictures alone but not with text alone, the reverse, "
        "with either, with neither but with both together, and with none. The case gallery shows examples."
    )
    return Section("Modalities that pairs need", text, headers, rows, _those(figures, "kinds"))


def _geometry(study: Study, figures: Mapping[str, str]) -> Section:
    rows = []
    for result in study.results:
        if result.embeddings is not None:
            found = result.embeddings.all
            shown = [found.paired_distance, found.centroid_cosine, found.rmg, found.separability]
            corrected = _corrected_gap(found.gap_corrected)
            rows.append([result.name, number(found.gap), corrected, *(number(figure) for figure in shown)])
    text = (
        "The distance between the centroids of picture vectors and text vectors on the unit sphere (Liang et al. "
        "2022). It depends on a model's own space: never compare it across models."
    )
    headers = ["result", "gap", "bias taken off", "paired distance", "centroid cosine", "RMG", "separability"]
    return Section(
        "Modality gap, as geometry", text, headers, rows, _those(figures, *(n for n in figures if "cloud" in n))
    )


def _strata(study: Study, figures: Mapping[str, str]) -> Section:
    """Return one row per value of a stratum and one column per result; all results have the strata of the set."""
    strata = {result.name: result.scores.strata for result in study.results}
    rows = [
        [stratum, value, str(cell.pairs), str(cell.articles)]
        + [with_interval(found[stratum][value]) for found in strata.values()]
        for stratum, cells in next(iter(strata.values())).items()
        for value, cell in cells.items()
    ]
    text = "Accuracy by known properties of the pairs, over all categories."
    headers = ["stratum", "value", "pairs", "articles", *strata]
    return Section("Strata", text, headers, rows, _those(figures, *(n for n in figures if n.startswith("strata"))))


def _calibration(study: Study, figures: Mapping[str, str]) -> Section:
    rows = []
    for result in study.results:
        found, triads = result.scores.calibration, result.scores.transitivity
        shown = [found.brier, found.log_loss, found.expected_calibration_error, found.predicted_in_order]
        rows.append([result.name, *(number(figure) for figure in shown), f"{triads.cyclic} of {triads.triads}"])
    text = (
        "The quality of the stated probabilities. A predictor that always states 0.5 has Brier score 0.25 and "
        "log-loss 0.693. Cyclic triads: a before b, b before c, but c before a; a quarter of the triads if predictions "
        "are random."
    )
    headers = ["result", "Brier", "log-loss", "calibration error", "predicted in order", "cyclic triads"]
    return Section("Calibration and consistency", text, headers, rows, _those(figures, "reliability"))


def _trust(study: Study) -> Section:
    """Return the section of the pairs asked again in variants, each of another fresh predictor."""
    columns = {
        "both_orders_accuracy": "correct in both orders",
        "swap_consistency": "swap consistency",
        "self_consistency": "repeat consistency",
        "exchanged_pictures_drop": "drop, pictures exchanged",
        "replaced_pictures_drop": "drop, pictures replaced",
        "perturbation_drop": "drop, pictures perturbed",
    }
    rows = [
        [result.name, str(result.trust.probed)]
        + [
            with_interval(result.drops[name], "+.3f") if name in result.drops else number(_figure(result.trust, name))
            for name in columns
        ]
        for result in study.results
        if result.trust.probed
    ]
    text = (
        "A sample of the pairs, asked again of a fresh predictor. A swap of the two steps should change the label; a "
        "repeat should not. The drop in accuracy with exchanged pictures, or with those of another article, measures "
        "the value of the pictures. "
        "Brackets, if the set was given: 95 % intervals clustered by article."
    )
    return Section("Variants", text, ["result", "pairs", *columns.values()], rows)


def _figure(trust: Trust, name: str) -> float | None:
    """Return one figure; None if it was not measured, as in results of earlier releases."""
    value: float | UnsetType | None = getattr(trust, name)
    return None if value is UNSET else value


def with_interval(estimate: Estimate, form: str = ".3f") -> str:
    """Return a value with its interval, such as "0.750 [0.700, 0.800]"; the value alone if it has none."""
    value = format(estimate.value, form)
    return value if estimate.low is None else f"{value} [{estimate.low:{form}}, {estimate.high:{form}}]"


def _corrected_gap(gap: CorrectedGap) -> str:
    if gap.value is None:
        return "-"
    return with_interval(Estimate(value=gap.value, low=gap.low, high=gap.high))


def number(value: float | None) -> str:
    """Return a number with three decimals, or "-" for none."""
    return "-" if value is None else f"{value:.3f}"


def _those(figures: Mapping[str, str], *names: str) -> list[tuple[str, str]]:
    return [(name, figures[name]) for name in names if name in figures]


def tables(study: Study) -> dict[str, CsvTable]:
    """Return the tables by the name of their CSV file."""
    interval, names = ["value", "low", "high"], ["submission", "modality"]
    counts = ["pairs", "articles"]
    return {
        "accuracy.csv": CsvTable(
            [*names, "category", *interval, *counts, "method", "wilson_low", "wilson_high"], _accuracy_rows(study)
        ),
        "gaps.csv": CsvTable(["submission", "contrast", "category", *interval, "p", "p_holm"], _gap_rows(study)),
        "strata.csv": CsvTable([*names, "stratum", "stratum_value", *interval, *counts], _strata_rows(study)),
        "reliability.csv": CsvTable(
            [*names, "stated", "observed", "pairs"],
            [
                [result.submission, result.modality, row.stated, row.observed, row.pairs]
                for result in study.results
                for row in result.scores.calibration.reliability
            ],
        ),
    }


def _accuracy_rows(study: Study) -> list[Cells]:
    rows: list[Cells] = []
    for result in study.results:
        names, found = (result.submission, result.modality), result.scores.accuracy
        rows += [
            [*names, name, *_ends(c), c.pairs, c.articles, c.method, *c.wilson] for name, c in found.categories.items()
        ]
        rows.append([*names, "macro", *_ends(found.macro), None, None, None, None, None])
        rows.append([*names, "micro", *_ends(found.micro), found.micro.pairs, None, None, None, None])
    return rows


def _gap_rows(study: Study) -> list[Cells]:
    rows: list[Cells] = []
    for submission, contrasts in study.gaps.items():
        for contrast, found in contrasts.items():
            rows += [[submission, contrast, n, *_ends(c), c.p, c.p_holm] for n, c in found.categories.items()]
            rows += [
                [submission, contrast, name, *_ends(cell), cell.p, None]
                for name, cell in (("macro", found.macro), ("micro", found.micro))
            ]
    return rows


def _strata_rows(study: Study) -> list[Cells]:
    return [
        [result.submission, result.modality, stratum, value, *_ends(cell), cell.pairs, cell.articles]
        for result in study.results
        for stratum, cells in result.scores.strata.items()
        for value, cell in cells.items()
    ]


def _ends(estimate: Estimate) -> tuple[float, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high
