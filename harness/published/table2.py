"""The reader of `table2.csv`, and the page of statements that follow from it.

`python -m harness.published.table2 DOCS` writes DOCS/published-table.md and its figure.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple, TypeAlias

from harness.contract import files
from harness.published import table1
from harness.statistics.intervals import Z, wilson

PATH = Path(__file__).parent / "table2.csv"
MODELS = ("CLIP", "ViT+RoBERTa", "BLIP")
MODALITIES = ("V+T", "V", "T")
GAPS = (("V+T", "V"), ("V+T", "T"), ("V", "T"))

PublishedTable: TypeAlias = Mapping[tuple[str, str, str], float]  # (code of the category, model, modality): accuracy
TestPairs: TypeAlias = Mapping[str, int]  # by the code of the category
Verdict: TypeAlias = tuple[str, str]  # "yes", "in part" or "no"; and the numbers


class PublishedAccuracy(NamedTuple):
    """One accuracy of Table 2. code: the paper's short name of the category. modality: V+T, V or T."""

    code: str
    category: str
    model: str
    modality: str
    accuracy: float


def accuracies() -> tuple[PublishedAccuracy, ...]:
    """Return the accuracies in the paper's order."""
    with PATH.open(encoding="utf-8", newline="") as stream:
        return tuple(
            PublishedAccuracy(r["category"], r["category_name"], r["model"], r["modality"], float(r["accuracy"]))
            for r in csv.DictReader(stream)
        )


def read() -> tuple[PublishedTable, dict[str, int]]:
    """Return the accuracies, and the test pairs of each category in the order of Table 2."""
    table = {(row.code, row.model, row.modality): row.accuracy for row in accuracies()}
    pairs = {category.code: category.test_pairs for category in table1.read()}
    return table, {code: pairs[code] for code in dict.fromkeys(code for code, _, _ in table)}


def codes() -> dict[str, str]:
    """Return the paper's code of each category, by its full name."""
    return {row.category: row.code for row in accuracies()}


def macro(table: PublishedTable, pairs: TestPairs, model: str, modality: str) -> float:
    """Return the mean accuracy over the categories of `pairs`."""
    return sum(table[category, model, modality] for category in pairs) / len(pairs)


def micro(table: PublishedTable, pairs: TestPairs, model: str, modality: str) -> float:
    """Return the mean accuracy over the pairs of all categories."""
    return sum(table[category, model, modality] * n for category, n in pairs.items()) / sum(pairs.values())


def gap(table: PublishedTable, category: str, model: str, first: str, second: str) -> float:
    """Return the accuracy in the first modality minus that in the second."""
    return table[category, model, first] - table[category, model, second]


def clear(first: float, second: float, pairs: int) -> bool:
    """Return whether a difference is significant at 5 % for two independent samples of independent pairs.

    Pairs of one article are not independent, so the true error is larger; the two results share their pairs, so it is
    smaller. The table does not show which effect is stronger, so this is a reading aid and no test.
    """
    variance = (first * (1 - first) + second * (1 - second)) / pairs
    return abs(first - second) > Z * float(variance**0.5)


def statements(table: PublishedTable, pairs: TestPairs) -> list[tuple[str, str, str]]:
    """Return each statement that a reader may take from the table, whether it holds, and the numbers."""
    return [(text, *judge(table, pairs)) for text, judge in STATEMENTS.items()]


def _best_model(table: PublishedTable, pairs: TestPairs) -> Verdict:
    macros = {model: macro(table, pairs, model, "V+T") for model in MODELS}
    wins = [c for c in pairs if max(MODELS, key=lambda m: table[c, m, "V+T"]) == "BLIP"]
    lost = ", ".join(c for c in pairs if c not in wins)
    numbers = ", ".join(f"{model} {value:.3f}" for model, value in macros.items())
    return "yes" if max(macros, key=lambda m: macros[m]) == "BLIP" else "no", (
        f"macro {numbers}; best in {len(wins)} of {len(pairs)} categories (not in {lost})"
    )


def _both_beat_one(model: str) -> Callable[[PublishedTable, TestPairs], Verdict]:
    def judge(table: PublishedTable, pairs: TestPairs) -> Verdict:
        best = [c for c in pairs if table[c, model, "V+T"] > max(table[c, model, "V"], table[c, model, "T"])]
        over = macro(table, pairs, model, "V+T") - macro(table, pairs, model, "V")
        clearly = [c for c in best if clear(table[c, model, "V+T"], table[c, model, "V"], pairs[c])]
        holds = "yes" if len(best) == len(pairs) else "in part" if over > 0 else "no"
        return holds, (
            f"V+T is best in {len(best)} of {len(pairs)} categories, clearly above V in {len(clearly)}; "
            f"macro V+T minus V {over:+.4f}"
        )

    return judge


def _pictures_over_text(table: PublishedTable, pairs: TestPairs) -> Verdict:
    counts = {model: sum(gap(table, c, model, "V", "T") > 0 for c in pairs) for model in MODELS}
    numbers = ", ".join(
        f"{model} {macro(table, pairs, model, 'V') - macro(table, pairs, model, 'T'):+.4f} ({count} of {len(pairs)})"
        for model, count in counts.items()
    )
    return "yes" if all(n == len(pairs) for n in counts.values()) else "in part", f"macro V minus T: {numbers}"


def _clip_ignores_pictures(table: PublishedTable, pairs: TestPairs) -> Verdict:
    gaps = [gap(table, c, "CLIP", "V+T", "T") for c in pairs]
    largest = max(map(abs, gaps))
    clearly = sum(clear(table[c, "CLIP", "V+T"], table[c, "CLIP", "T"], pairs[c]) for c in pairs)
    return "yes" if clearly == 0 else "in part", (
        f"macro V+T minus T {sum(gaps) / len(gaps):+.4f}; at most {largest:.3f} in any category, clear in {clearly}; "
        "V alone is above V+T, so the pictures are informative to the model"
    )


def _above_chance(table: PublishedTable, pairs: TestPairs) -> Verdict:
    lowest = min(table, key=lambda cell: table[cell])
    unclear = [cell for cell, value in table.items() if wilson(value * pairs[cell[0]], pairs[cell[0]])[0] <= 0.5]
    return "yes" if not unclear else "in part", (
        f"lowest {table[lowest]:.3f} ({' '.join(lowest)}); even counting pairs as independent, {len(unclear)} of "
        f"{len(table)} cells are not clearly above 0.5: {', '.join(' '.join(cell) for cell in unclear)}"
    )


def _text_alike(table: PublishedTable, pairs: TestPairs) -> Verdict:
    macros = [macro(table, pairs, model, "T") for model in MODELS]
    return "yes" if max(macros) - min(macros) < 0.02 else "no", (
        f"macro {', '.join(f'{m} {v:.4f}' for m, v in zip(MODELS, macros, strict=True))}: "
        f"{max(macros) - min(macros):.4f} apart, while V+T spreads over "
        f"{macro(table, pairs, 'BLIP', 'V+T') - macro(table, pairs, 'CLIP', 'V+T'):.4f}"
    )


STATEMENTS: dict[str, Callable[[PublishedTable, TestPairs], Verdict]] = {
    "BLIP has the highest accuracy in V+T": _best_model,
    "V+T is above V and T: CLIP": _both_beat_one("CLIP"),
    "V+T is above V and T: ViT+RoBERTa": _both_beat_one("ViT+RoBERTa"),
    "V+T is above V and T: BLIP": _both_beat_one("BLIP"),
    "Pictures show more of the order than headlines: V is above T": _pictures_over_text,
    "CLIP uses only the text: V+T is not clearly different from T": _clip_ignores_pictures,
    "Every accuracy is above chance": _above_chance,
    "The three models have about the same accuracy in T": _text_alike,
}

INTRODUCTION = (
    "Table 2 of the paper gives ten accuracies for each of three models in three modalities, without intervals. "
    "This page checks statements that a reader may derive from these numbers; they are not quotations. A difference "
    "is *clear* if it is significant at 5 % for two independent samples of independent pairs. This is a reading aid "
    "and no test, because the table shows neither how pairs cluster in articles nor how the results overlap. V+T, V "
    "and T are the modalities `vision+text`, `vision` and `text`. This page is written by "
    "`python -m harness.published.table2 docs`."
)


def markdown(table: PublishedTable, pairs: TestPairs) -> str:
    """Return the page as Markdown."""
    from tabulate import tabulate

    averages = [
        [model, modality, f"{macro(table, pairs, model, modality):.4f}", f"{micro(table, pairs, model, modality):.4f}"]
        for model, modality in product(MODELS, MODALITIES)
    ]
    parts = [
        "# What the published table says",
        "",
        INTRODUCTION,
        "",
        tabulate(statements(table, pairs), headers=["statement", "holds", "numbers"], tablefmt="github"),
        "",
        "![Accuracy by category, model and modality](figures/published-table.png)",
        "",
        "## Averages",
        "",
        tabulate(averages, headers=["model", "modality", "macro", "micro"], tablefmt="github", disable_numparse=True),
        "",
    ]
    return "\n".join(parts)


def main(docs: Path) -> None:
    """Write published-table.md and its figure into the folder `docs`."""
    from harness.report import figures, style

    table, pairs = read()
    (docs / "figures").mkdir(parents=True, exist_ok=True)
    rows = {f"{m} {k}": {c: table[c, m, k] for c in pairs} for m, k in product(MODELS, MODALITIES)}
    cells = {name: row | {"macro": sum(row.values()) / len(row)} for name, row in rows.items()}
    style.save(figures.heat_map(cells), docs / "figures", "published-table")
    files.write(docs / "published-table.md", markdown(table, pairs).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
