"""LEADERBOARD.md, the tables in the README, and the head of a model card: pure functions from records to text."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.contract.bundle import Bundle
from harness.contract.ledger import TeamLooks
from harness.contract.result import Estimate
from harness.errors import InputError
from harness.records import Modality
from leaderboard.document import Board, ModalityComparison, ReportedRow, Row, SetTable
from leaderboard.titles import skeleton

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
# Characters with a meaning in Markdown, GitHub's autolinks and its mentions.
SPECIAL = re.compile(r"([\\`*_{}\[\]#|~!@:])")
WEB = re.compile(r"(?i)(www)\.")  # GitHub makes links of such addresses
PREAMBLE = """\
# Leaderboard

Which of two steps of a how-to article comes first? Accuracy in percent with its 95 % interval, clustered by article.
**Macro**, the mean over categories, decides the order. A **rank** is the interval that the differences leave open: all
rows are compared with all at once, and with 95 % confidence no claim on a table is false. Every row of a **group** is
resolvably better than every row of the next. Sets are never mixed. `index.html` beside this file sorts, filters and
compares.
"""
LEGEND = """\
**-** no interval: fewer than six articles, or a score of a hidden set. **isolated**: the predictor ran without network,
on a read-only file system, as its own user. Rows without a rank say why.
"""
EMPTY = "No results yet. `wikiorder evaluate` makes one.\n"
BEGIN, END = "<!-- board: written by `wikiorder leaderboard build` -->", "<!-- end of the board -->"
MODEL_CARD_TASK = {"type": "visual-order-prediction", "name": "Vision-text order prediction"}


def markdown(board: Board) -> str:
    """Return the whole board as GitHub shows it."""
    tables = _tables(board)
    date = f"\nLatest run: {board.date}.\n" if board.date else ""
    return f"{PREAMBLE}\n{tables or EMPTY}" + (f"\n{LEGEND}{date}" if tables else "") + _reported(board.reported)


def excerpt(board: Board, readme: str) -> str:
    """Return the README with the headline tables between its two markers; unchanged where it has no markers."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        return readme
    tables = _tables(board, by_category=False)
    deeper = re.sub(r"^##", "###", tables or EMPTY, flags=re.MULTILINE)  # below the README's own heading
    return f"{head}{BEGIN}\n\n{deeper}\n{END}{tail}"


def model_card(found: Bundle) -> str:
    """Return the metadata block, between two lines of dashes, for the head of a Hugging Face model card.

    It is a `model-index` (https://github.com/huggingface/hub-docs/blob/main/modelcard.md), written as JSON, which YAML
    readers accept.

    Raises:
        InputError: the run failed, or its scores are not public.
    """
    result = found.result
    if result.scores is None:
        kind = "a failed run" if result.failure else "a public bundle of a hidden set"
        raise InputError(f"{found.root}: {kind} has no score to put on a model card")
    accuracy = result.scores.accuracy
    dataset = {
        "type": result.set.name,
        "name": f"{result.set.name} {result.set.version}",
        "split": result.set.subset,
        "revision": result.set.digest,
        "args": {"modality": result.modality},
    }
    named: list[tuple[str, Estimate]] = [("macro", accuracy.macro), ("micro", accuracy.micro)]
    metrics = [_metric(name, value) for name, value in [*named, *sorted(accuracy.categories.items())]]
    source = {"name": f"WikiOrder harness {result.harness.version}, bundle {found.digest}"}
    entry = {"task": MODEL_CARD_TASK, "dataset": dataset, "metrics": metrics, "source": source}
    index = [{"name": result.submission.title, "results": [entry]}]
    return "---\nmodel-index: " + json.dumps(index, indent=2, ensure_ascii=True, allow_nan=False) + "\n---\n"


def _metric(name: str, found: Estimate) -> Mapping[str, object]:
    interval = None if found.low is None else [found.low, found.high]
    return {"type": "accuracy", "name": f"accuracy, {name}", "value": found.value, "args": {"interval_95": interval}}


def text(stranger: str) -> str:
    """Return the words of a stranger, escaped for Markdown and HTML."""
    escaped = SPECIAL.sub(r"\\\1", stranger)
    return html.escape(WEB.sub(r"\1\\.", escaped), quote=False)


def percent(estimate: Estimate | None) -> str:
    """Return an accuracy and its interval, such as 73.2 [70.0, 76.5]."""
    if estimate is None:
        return ""
    value = f"{100 * estimate.value:.1f}"
    if estimate.low is None or estimate.high is None:
        return f"{value} [-]"
    return f"{value} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def count(parameters: int | None) -> str:
    """Return a number of parameters for people: 1234567 as 1.2M."""
    if parameters is None:
        return ""
    for unit, size in (("T", 10**12), ("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if parameters >= size:
            return f"{parameters / size:.1f}{unit}"
    return str(parameters)


def rank(row: Row) -> str:
    """Return the ranks that the evidence leaves open, such as 2-5; nothing where the row takes none."""
    if row.standing is None:
        return ""
    low, high = row.standing.low, row.standing.high
    return f"{low}" if low == high else f"{low}-{high}"


def note(row: Row) -> str:
    """Return why a row has no rank or no score, or that a ranked row is not resolvably better than the controls."""
    if row.failure is not None:
        return f"failed: {row.failure}"
    if row.standing is None:
        return "; ".join(row.unranked)
    return "" if row.standing.beats_controls else "not resolvably better than every control"


def grid(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown. The cells are escaped already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _tables(board: Board, by_category: bool = True) -> str:
    """Return every table. Sets whose titles look alike are told apart by their digests."""
    alike = Counter(skeleton(table.set.title) for table in board.tables)
    return "\n".join(
        _table(table, by_category, told_apart=alike[skeleton(table.set.title)] > 1) for table in board.tables
    )


def _table(table: SetTable, by_category: bool, told_apart: bool) -> str:
    key = table.set
    heading = f"## {text(key.title)}{f' (digest {key.digest[:12]})' if told_apart else ''}\n\n"
    facts = f"{key.pairs:,} pairs, {key.visibility}, protocol {key.protocol}, digest `{key.digest[:16]}`\n"
    signers = sorted({row.signer for row in table.rows if row.signer})
    parts = [heading + facts + (f"\nSigned by: {'; '.join(map(text, signers))}.\n" if signers else "")]
    for modality in dict.fromkeys(row.modality for row in table.rows):
        rows = [row for row in table.rows if row.modality == modality]
        parts.append(f"### {_spaced(modality)}\n\n{_resolution(table.comparisons.get(modality))}")
        parts.append(grid(list(COLUMNS), ([cell(row) for cell in COLUMNS.values()] for row in rows)))
    if table.looks:
        parts.append(_looks(table.looks))
    if by_category and table.categories:
        parts.append(f"### By category\n\n{_by_category(table)}")
    return "\n".join(parts)


def _looks(looks: Sequence[TeamLooks]) -> str:
    lines = ([text(of.team), str(of.looks), f"{of.bits:.1f}"] for of in looks)
    words = "Published scores of this set per team, and the bits of its labels that they gave away at most."
    return f"### Looks\n\n{words}\n\n{grid(('team', 'looks', 'bits'), lines)}"


def _spaced(modality: Modality) -> str:
    return modality.value.replace("+", " + ")


def _reported(rows: Sequence[ReportedRow]) -> str:
    """Return the paper's own rows, apart from the others: they were not run here."""
    if not rows:
        return ""
    names = list(rows[0].categories)
    headings = ("model", "modality", "macro", *(text(ABBREVIATIONS.get(name, name)) for name in names))
    lines = (
        [
            text(row.model),
            row.modality,
            *(f"{100 * v:.1f}" for v in (row.macro, *(row.categories[name] for name in names))),
        ]
        for row in rows
    )
    words = "Not run here: other pairs of the same ten categories, without intervals."
    return f"\n## As reported in the paper\n\n{words}\n\n{grid(headings, lines)}"


def _resolution(comparison: ModalityComparison | None) -> str:
    if comparison is None or comparison.rows < 2:
        return ""
    if comparison.resolvable is None:
        return "Nothing to compare: too few rows that differ, or a category with a single article.\n"
    return (
        f"**{100 * comparison.resolvable:.1f} points** is the smallest true difference that two rows are likely "
        f"(4 in 5) to show here: {comparison.rows} rows, {comparison.articles:,} articles.\n"
    )


COLUMNS: dict[str, Callable[[Row], str]] = {
    "rank": rank,
    "group": lambda row: "" if row.standing is None else str(row.standing.group),
    "submission": lambda row: text(row.submission.title),
    "macro": lambda row: percent(row.macro),
    "micro": lambda row: percent(row.micro),
    "parameters": lambda row: count(row.submission.parameters),
    "isolated": lambda row: "yes" if row.isolation.isolated else "no",
    "note": lambda row: text(note(row)),
}


def _by_category(table: SetTable) -> str:
    short = {name: ABBREVIATIONS.get(name, name) for name in table.categories}
    lines = (
        [text(row.submission.title), row.modality, *(percent(row.categories.get(name)) for name in table.categories)]
        for row in table.rows
        if row.macro is not None
    )
    legend = ", ".join(f"{short[name]} {text(name)}" for name in table.categories if short[name] != name)
    spelled = grid(("submission", "modality", *(text(short[name]) for name in table.categories)), lines)
    return spelled + (f"\n{legend}.\n" if legend else "")
