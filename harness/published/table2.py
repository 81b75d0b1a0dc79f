"""Table 2 as published, and what it says when one computes with it. `python -m harness.published.table2 DOCS`

Writes DOCS/published-table.md and its figures.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path

from harness.contract import files
from harness.published import TABLE1, TABLE2
from harness.report import figures, style
from harness.statistics.intervals import Z, wilson

MODELS = ("CLIP", "ViT+RoBERTa", "BLIP")
MODALITIES = ("V+T", "V", "T")
GAPS = (("V+T", "V"), ("V+T", "T"), ("V", "T"))
Table = Mapping[tuple[str, str, str], float]  # (category, model, modality) -> accuracy


def read() -> tuple[Table, dict[str, int]]:
    """The accuracies, and the test pairs of each category. The two tables list the categories in different orders."""
    with TABLE2.open(encoding="utf-8") as stream:
        accuracy = {(r["category"], r["model"], r["modality"]): float(r["accuracy"]) for r in csv.DictReader(stream)}
    with TABLE1.open(encoding="utf-8") as stream:
        pairs = {r["category"]: int(r["test_pairs"]) for r in csv.DictReader(stream)}
    return accuracy, {category: pairs[category] for category in dict.fromkeys(row[0] for row in accuracy)}


def codes() -> dict[str, str]:
    """The paper's two letters of each category, by its full name."""
    with TABLE2.open(encoding="utf-8") as stream:
        return {r["category_name"]: r["category"] for r in csv.DictReader(stream)}


def macro(table: Table, pairs: Mapping[str, int], model: str, modality: str) -> float:
    return sum(table[category, model, modality] for category in pairs) / len(pairs)


def micro(table: Table, pairs: Mapping[str, int], model: str, modality: str) -> float:
    return sum(table[category, model, modality] * n for category, n in pairs.items()) / sum(pairs.values())


def gap(table: Table, category: str, model: str, first: str, second: str) -> float:
    return table[category, model, first] - table[category, model, second]


def clear(first: float, second: float, pairs: int) -> bool:
    """Is the difference more than chance would give two independent samples of independent pairs?

    Pairs of one article are not independent, which asks for more; the two results share their pairs, which asks for
    less. Which weighs more the table cannot tell, so this is a reading aid and no test.
    """
    variance = (first * (1 - first) + second * (1 - second)) / pairs
    return abs(first - second) > Z * float(variance**0.5)


def statements(table: Table, pairs: Mapping[str, int]) -> list[tuple[str, str, str]]:
    """(what one may take from the table, does it hold, the numbers)."""
    return [(text, *judge(table, pairs)) for text, judge in STATEMENTS.items()]


def _best_model(table: Table, pairs: Mapping[str, int]) -> tuple[str, str]:
    macros = {model: macro(table, pairs, model, "V+T") for model in MODELS}
    wins = [c for c in pairs if max(MODELS, key=lambda m: table[c, m, "V+T"]) == "BLIP"]
    lost = ", ".join(c for c in pairs if c not in wins)
    numbers = ", ".join(f"{model} {value:.3f}" for model, value in macros.items())
    return "yes" if max(macros, key=lambda m: macros[m]) == "BLIP" else "no", (
        f"macro {numbers}; best in {len(wins)} of {len(pairs)} categories (not in {lost})"
    )


def _both_beat_one(model: str) -> Callable[[Table, Mapping[str, int]], tuple[str, str]]:
    def judge(table: Table, pairs: Mapping[str, int]) -> tuple[str, str]:
        best = [c for c in pairs if table[c, model, "V+T"] > max(table[c, model, "V"], table[c, model, "T"])]
        over = macro(table, pairs, model, "V+T") - macro(table, pairs, model, "V")
        clearly = [c for c in best if clear(table[c, model, "V+T"], table[c, model, "V"], pairs[c])]
        holds = "yes" if len(best) == len(pairs) else "in part" if over > 0 else "no"
        return holds, (
            f"V+T is best in {len(best)} of {len(pairs)} categories, clearly above V in {len(clearly)}; "
            f"macro V+T minus V {over:+.4f}"
        )

    return judge


def _pictures_over_text(table: Table, pairs: Mapping[str, int]) -> tuple[str, str]:
    counts = {model: sum(gap(table, c, model, "V", "T") > 0 for c in pairs) for model in MODELS}
    numbers = ", ".join(
        f"{model} {macro(table, pairs, model, 'V') - macro(table, pairs, model, 'T'):+.4f} ({count} of {len(pairs)})"
        for model, count in counts.items()
    )
    return "yes" if all(n == len(pairs) for n in counts.values()) else "in part", f"macro V minus T: {numbers}"


def _clip_ignores_pictures(table: Table, pairs: Mapping[str, int]) -> tuple[str, str]:
    gaps = [gap(table, c, "CLIP", "V+T", "T") for c in pairs]
    largest = max(map(abs, gaps))
    clearly = sum(clear(table[c, "CLIP", "V+T"], table[c, "CLIP", "T"], pairs[c]) for c in pairs)
    return "yes" if clearly == 0 else "in part", (
        f"macro V+T minus T {sum(gaps) / len(gaps):+.4f}; at most {largest:.3f} in any category, clear in {clearly}; "
        "V alone does better than both, so that the pictures are not to blame"
    )


def _above_chance(table: Table, pairs: Mapping[str, int]) -> tuple[str, str]:
    lowest = min(table, key=lambda cell: table[cell])
    unclear = [cell for cell, value in table.items() if wilson(value * pairs[cell[0]], pairs[cell[0]])[0] <= 0.5]
    return "yes" if not unclear else "in part", (
        f"lowest {table[lowest]:.3f} ({' '.join(lowest)}); even counting pairs as independent, {len(unclear)} of "
        f"{len(table)} cells are not clearly above 0.5: {', '.join(' '.join(cell) for cell in unclear)}"
    )


def _text_alike(table: Table, pairs: Mapping[str, int]) -> tuple[str, str]:
    macros = [macro(table, pairs, model, "T") for model in MODELS]
    return "yes" if max(macros) - min(macros) < 0.02 else "no", (
        f"macro {', '.join(f'{m} {v:.4f}' for m, v in zip(MODELS, macros, strict=True))}: "
        f"{max(macros) - min(macros):.4f} apart, while V+T spreads over "
        f"{macro(table, pairs, 'BLIP', 'V+T') - macro(table, pairs, 'CLIP', 'V+T'):.4f}"
    )


STATEMENTS: dict[str, Callable[[Table, Mapping[str, int]], tuple[str, str]]] = {
    "BLIP, seeing both, is the best of the three models": _best_model,
    "Seeing both beats seeing one: CLIP": _both_beat_one("CLIP"),
    "Seeing both beats seeing one: ViT+RoBERTa": _both_beat_one("ViT+RoBERTa"),
    "Seeing both beats seeing one: BLIP": _both_beat_one("BLIP"),
    "Pictures tell more of the order than headlines": _pictures_over_text,
    "CLIP, seeing both, answers as if it saw only text": _clip_ignores_pictures,
    "Every accuracy is above chance": _above_chance,
    "Given only text, the three models are alike": _text_alike,
}


INTRODUCTION = (
    "Table 2 of the paper gives ten accuracies for each of three models in three modalities, without intervals. "
    "Below, its own numbers are computed with. The statements are worded here, as a reader of the table may make "
    "them; they are not quotations. *Clear* means more than chance would give two independent samples of "
    "independent pairs, a reading aid only: the table tells neither how pairs cluster in articles nor how the "
    "results overlap. This page is written by `python -m harness.published.table2 docs`."
)


def markdown(table: Table, pairs: Mapping[str, int]) -> str:
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
    table, pairs = read()
    (docs / "figures").mkdir(parents=True, exist_ok=True)
    rows = {f"{m} {k}": {c: table[c, m, k] for c in pairs} for m, k in product(MODELS, MODALITIES)}
    cells = {name: row | {"macro": sum(row.values()) / len(row)} for name, row in rows.items()}
    style.save(figures.heat_map(cells), docs / "figures", "published-table")
    files.write(docs / "published-table.md", markdown(table, pairs).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
