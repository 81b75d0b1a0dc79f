"""LEADERBOARD.md: the board as GitHub shows it. Pure: the document in, text out."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

ABBREVIATIONS = {  # the paper's own
    "Arts and Entertainment": "AE",
    "Computers and Electronics": "CE",
    "Education and Communication": "EC",
    "Family Life": "FL",
    "Hobbies and Crafts": "HC",
    "Home and Garden": "HG",
    "Personal Care and Style": "PS",
    "Philosophy and Religion": "PR",
}
# What Markdown, GitHub's autolinks and its mentions give a meaning to.
SPECIAL = re.compile(r"([\\`*_{}\[\]#|~!@:])")
PREAMBLE = """\
# Leaderboard

Which of two steps of a how-to article comes first? Accuracy in percent with its 95 % interval, clustered by article.
**Macro**, the mean over categories, decides the order. A **rank** is the interval that the differences leave open: all
rows are compared with all at once, and with 95 % confidence no claim on a table is false. Every row of a **group** is
resolvably better than every row of the next. Sets are never mixed. `index.html` beside this file sorts, filters and
compares.
"""
LEGEND = """\
**-** no interval: fewer than six articles. **isolated**: the predictor ran without network, on a read-only file
system, as its own user. Rows without a rank say why.
"""
EMPTY = "No results yet. `wikiorder evaluate` makes one.\n"


BEGIN, END = "<!-- board: written by `wikiorder leaderboard build` -->", "<!-- end of the board -->"


def markdown(document: dict[str, Any]) -> str:
    tables = "\n".join(_table(table) for table in document["tables"])
    date = f"\nLatest run: {document['date']}.\n" if document["date"] else ""
    return f"{PREAMBLE}\n{tables or EMPTY}" + (f"\n{LEGEND}{date}" if tables else "") + _reported(document["reported"])


def excerpt(document: dict[str, Any], readme: str) -> str:
    """The readme with the headline tables between its two markers; as it is where it has none."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        return readme
    tables = "\n".join(_table(table, by_category=False) for table in document["tables"])
    deeper = re.sub(r"^##", "###", tables or EMPTY, flags=re.MULTILINE)  # below the readme's own heading
    return f"{head}{BEGIN}\n\n{deeper}\n{END}{tail}"


def text(stranger: str) -> str:
    """A stranger's words, so that neither Markdown nor HTML finds anything in them."""
    return html.escape(SPECIAL.sub(r"\\\1", stranger), quote=False)


def percent(estimate: dict[str, Any] | None) -> str:
    if estimate is None:
        return ""
    value = f"{100 * estimate['value']:.1f}"
    if estimate["low"] is None:
        return f"{value} [-]"
    return f"{value} [{100 * estimate['low']:.1f}, {100 * estimate['high']:.1f}]"


def count(parameters: int | None) -> str:
    """1234567 as 1.2M."""
    if parameters is None:
        return ""
    for unit, size in (("T", 10**12), ("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if parameters >= size:
            return f"{parameters / size:.1f}{unit}"
    return str(parameters)


def rank(row: dict[str, Any]) -> str:
    standing = row["standing"]
    if standing is None:
        return ""
    low, high = standing["low"], standing["high"]
    return f"{low}" if low == high else f"{low}-{high}"


def note(row: dict[str, Any]) -> str:
    """Why a row has no rank or no score, and what a ranked one has not shown."""
    if row["failure"] is not None:
        return f"failed: {row['failure']}"
    if row["standing"] is None:
        return str(row["unranked"] or "")
    return "" if row["standing"]["beats_controls"] else "not resolvably better than every control"


def _table(table: dict[str, Any], by_category: bool = True) -> str:
    key = table["set"]
    heading = f"## {text(key['name'])} {key['version']} {key['subset']}\n\n"
    facts = f"{key['pairs']:,} pairs, {key['visibility']}, protocol {key['protocol']}, digest `{key['digest'][:16]}`\n"
    signers = sorted({row["signer"] for row in table["rows"] if row["signer"]})
    parts = [heading + facts + (f"\nSigned by: {'; '.join(map(text, signers))}.\n" if signers else "")]
    for modality in dict.fromkeys(row["modality"] for row in table["rows"]):
        rows = [row for row in table["rows"] if row["modality"] == modality]
        parts.append(f"### {modality.replace('+', ' + ')}\n\n{_resolution(table['comparisons'].get(modality))}")
        parts.append(grid(HEADINGS, ([cell(row) for cell in CELLS] for row in rows)))
    if by_category and table["categories"]:
        parts.append(f"### By category\n\n{_by_category(table)}")
    return "\n".join(parts)


def _reported(rows: Sequence[dict[str, Any]]) -> str:
    """The paper's own rows, apart: they were not run here."""
    if not rows:
        return ""
    names = list(rows[0]["categories"])
    headings = ("model", "modality", "macro", *(ABBREVIATIONS.get(name, name) for name in names))
    shown = ([row["macro"], *(row["categories"][name] for name in names)] for row in rows)
    lines = (
        [row["model"], row["modality"], *(f"{100 * v:.1f}" for v in values)]
        for row, values in zip(rows, shown, strict=True)
    )
    words = "Not run here: other pairs of the same ten categories, without intervals."
    return f"\n## As reported in the paper\n\n{words}\n\n{grid(headings, lines)}"


def _resolution(comparison: dict[str, Any] | None) -> str:
    if comparison is None or comparison["rows"] < 2:
        return ""
    if comparison["resolvable"] is None:
        return "Nothing to compare: too few rows that differ, or a category with a single article.\n"
    return (
        f"**{100 * comparison['resolvable']:.1f} points** is the smallest true difference that two rows are likely "
        f"(4 in 5) to show here: {comparison['rows']} rows, {comparison['articles']:,} articles.\n"
    )


HEADINGS = ("rank", "group", "submission", "macro", "micro", "parameters", "isolated", "note")
CELLS = (
    rank,
    lambda row: "" if row["standing"] is None else str(row["standing"]["group"]),
    lambda row: text(row["submission"]["title"]),
    lambda row: percent(row["macro"]),
    lambda row: percent(row["micro"]),
    lambda row: count(row["submission"]["parameters"]),
    lambda row: "yes" if row["isolation"]["isolated"] else "no",
    lambda row: text(note(row)),
)


def _by_category(table: dict[str, Any]) -> str:
    categories = table["categories"]
    short = {name: ABBREVIATIONS.get(name, name) for name in categories}
    scored = [row for row in table["rows"] if row["macro"] is not None]

    def cells(row: dict[str, Any]) -> Iterator[str]:
        yield text(row["submission"]["title"])
        yield row["modality"]
        for name in categories:
            yield percent(row["categories"].get(name))

    legend = ", ".join(f"{short[name]} {text(name)}" for name in categories if short[name] != name)
    spelled = grid(("submission", "modality", *(text(short[name]) for name in categories)), map(cells, scored))
    return spelled + (f"\n{legend}.\n" if legend else "")


def grid(headings: Sequence[str], rows: Iterator[list[str]] | Any) -> str:
    lines = [list(headings), ["---"] * len(headings), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
