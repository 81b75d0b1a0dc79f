"""A study put into words, tables and figures: sections that the HTML and the Markdown report both render."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.statistics.modality_gap import CONTRASTS


@dataclass(frozen=True)
class Section:
    """headers and rows: one table, of texts; figures: (name of a file in figures/ without suffix, what it shows)."""

    title: str
    text: str
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    figures: Sequence[tuple[str, str]] = field(default=())


def sections(study: dict[str, Any], figures: dict[str, str]) -> list[Section]:
    """figures: those that were drawn, name -> what it shows."""
    made = [
        _accuracy(study, figures),
        _precision(study),
        _gaps(study, figures),
        _kinds(study, figures),
        _geometry(study, figures),
        _strata(study, figures),
        _calibration(study, figures),
        _trust(study),
    ]
    return [section for section in made if section.rows]


def _accuracy(study: dict[str, Any], figures: dict[str, str]) -> Section:
    categories = list(study["results"][0]["scores"]["accuracy"]["categories"])
    rows = []
    for result in study["results"]:
        accuracy = result["scores"]["accuracy"]
        cells = [accuracy["macro"], accuracy["micro"], *(accuracy["categories"][name] for name in categories)]
        rows.append([result["name"], *(with_interval(cell) for cell in cells)])
    text = (
        "The share of pairs answered rightly; chance is 0.5. Macro, the headline, is the mean over categories. "
        "Brackets: 95 % intervals clustered by article; none where fewer than six articles tell too little."
    )
    return Section(
        "Accuracy",
        text,
        ["result", "macro", "micro", *categories],
        rows,
        _those(figures, "accuracy", "heat_map"),
    )


def _precision(study: dict[str, Any]) -> Section:
    rows = []
    for result in study["results"]:
        precision = result["scores"].get("precision")
        if precision:
            effects = [c["design_effect"] for c in precision["categories"].values() if c["design_effect"]]
            resolvable = [c["resolvable_difference"] for c in precision["categories"].values()]
            known = [value for value in resolvable if value is not None]
            rows.append(
                [
                    result["name"],
                    number(precision["macro"]["standard_error"]),
                    number(precision["macro"]["resolvable_difference"]),
                    f"{min(known):.3f} to {max(known):.3f}" if known else "-",
                    f"{min(effects):.2f} to {max(effects):.2f}" if effects else "-",
                ]
            )
    text = (
        "The smallest difference that the split can resolve: found with power 0.8 at 5 %, against an equally precise "
        "result that errs independently. Design effect: how many times more pairs this takes than if the pairs of an "
        "article did not resemble each other."
    )
    headers = ["result", "standard error (macro)", "resolvable (macro)", "resolvable by category", "design effect"]
    return Section("What the split can tell", text, headers, rows)


def _gaps(study: dict[str, Any], figures: dict[str, str]) -> Section:
    contrasts = [f"{first} minus {second}" for first, second in CONTRASTS]
    rows = []
    for name, gaps in study["gaps"].items():
        macros = [gaps[contrast]["macro"] if contrast in gaps else None for contrast in contrasts]
        rows.append([name, *(f"{with_interval(m, '+.3f')}, p = {m['p']:.4f}" if m else "-" for m in macros)])
    text = (
        "What seeing both adds, in macro accuracy, pair by pair on the same questions; p from sign flips over "
        "articles. By category: gaps.csv, with Holm's correction."
    )
    return Section("Modality gap, as performance", text, ["submission", *contrasts], rows, _those(figures, "gaps"))


def _kinds(study: dict[str, Any], figures: dict[str, str]) -> Section:
    rows, headers = [], ["submission"]
    for name, found in study["pairs"].items():
        shares = found["shares"]["all"]
        headers = ["submission", *shares]
        rows.append([name, *(str(v) if kind == "pairs" else f"{v:.1%}" for kind, v in shares.items())])
    text = (
        "The share of pairs that the model gets right with pictures alone but not with text alone, the reverse, with "
        "either, with neither but with both together, and with nothing. The pairs themselves are in the case gallery."
    )
    return Section("Who needs what", text, headers, rows, _those(figures, "kinds"))


def _geometry(study: dict[str, Any], figures: dict[str, str]) -> Section:
    rows = []
    for result in study["results"]:
        found = result["embeddings"]
        if found:
            every = found["all"]
            figures_of_model = [every[k] for k in ("gap", "paired_distance", "centroid_cosine", "rmg", "separability")]
            corrected = every["gap_corrected"]
            shown = "-" if corrected["value"] is None else with_interval(corrected)
            rows.append([result["name"], number(figures_of_model[0]), shown, *map(number, figures_of_model[1:])])
    text = (
        "The distance between the centroids of picture vectors and text vectors on the unit sphere (Liang et al. "
        "2022). It depends on a model's own space: never compare it across models."
    )
    headers = ["result", "gap", "bias taken off", "paired distance", "centroid cosine", "RMG", "separability"]
    return Section(
        "Modality gap, as geometry", text, headers, rows, _those(figures, *(n for n in figures if "cloud" in n))
    )


def _strata(study: dict[str, Any], figures: dict[str, str]) -> Section:
    """One row a value of a stratum, one column a result: the strata are the set's, thus the same in every result."""
    strata = {result["name"]: result["scores"]["strata"] for result in study["results"]}
    rows = [
        [stratum, value, str(cell["pairs"]), str(cell["articles"])]
        + [with_interval(found[stratum][value]) for found in strata.values()]
        for stratum, cells in next(iter(strata.values())).items()
        for value, cell in cells.items()
    ]
    text = "Accuracy by what is known of a pair, over all categories."
    headers = ["stratum", "value", "pairs", "articles", *strata]
    return Section("Strata", text, headers, rows, _those(figures, *(n for n in figures if n.startswith("strata"))))


def _calibration(study: dict[str, Any], figures: dict[str, str]) -> Section:
    keys = ("brier", "log_loss", "expected_calibration_error", "predicted_in_order")
    rows = []
    for result in study["results"]:
        scores = result["scores"]
        if "calibration" in scores:
            triads = scores.get("transitivity", {"triads": 0, "cyclic": 0})
            cyclic = f"{triads['cyclic']} of {triads['triads']}"
            rows.append([result["name"], *(number(scores["calibration"][key]) for key in keys), cyclic])
    text = (
        "Can the stated probabilities be believed? A coin that says 0.5 has Brier 0.25 and log-loss 0.693. "
        "Cyclic triads: a before b, b before c, but c before a; a coin turns a quarter of them into cycles."
    )
    headers = ["result", "Brier", "log-loss", "calibration error", "says in order", "cyclic triads"]
    return Section("Calibration and consistency", text, headers, rows, _those(figures, "reliability"))


def _trust(study: dict[str, Any]) -> Section:
    """The questions that a fresh predictor was asked again, in variants (`harness/statistics/trust.py`)."""
    columns = {
        "both_orders_accuracy": "right both ways",
        "swap_consistency": "swap flips",
        "self_consistency": "repeat agrees",
        "exchanged_pictures_drop": "drop, pictures exchanged",
        "blanked_pictures_drop": "drop, pictures blank",
        "perturbation_drop": "drop, pictures perturbed",
    }
    rows = [
        [result["name"], str(result["trust"]["probed"])]
        + [
            with_interval(result["drops"][name], "+.3f")
            if name in result["drops"]
            else number(result["trust"].get(name))
            for name in columns
        ]
        for result in study["results"]
        if result["trust"].get("probed")
    ]
    text = (
        "A sample of the pairs asked again of a fresh predictor. A swap of the two steps should flip the answer; a "
        "repeat should not. A drop in accuracy when the two pictures change places, or are blank, is what pictures "
        "are worth. Brackets, where the set was named: 95 % intervals clustered by article."
    )
    return Section("Asked again, in variants", text, ["result", "pairs", *columns.values()], rows)


def with_interval(cell: dict[str, Any], form: str = ".3f") -> str:
    value = format(cell["value"], form)
    return value if cell["low"] is None else f"{value} [{cell['low']:{form}}, {cell['high']:{form}}]"


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _those(figures: dict[str, str], *names: str) -> list[tuple[str, str]]:
    return [(name, figures[name]) for name in names if name in figures]
