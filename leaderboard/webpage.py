"""index.html: the board as one self-contained page. Pure, but for reading its own parts in `page/`.

The words of strangers travel as JSON in a data block and become text nodes, never markup. The content security policy
of the page admits only its own scripts, by their hashes, and no request to anywhere. `page/vendor/` holds the libraries
that draw the charts. The scripts read the records below by the names of their fields; a test compares the two.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from harness.contract import decoding
from harness.contract.decoding import Record
from harness.contract.ledger import TeamLooks
from harness.contract.result import AccuracyEstimate, Isolation
from harness.records import Modality
from leaderboard.document import (
    Board,
    Entrant,
    ModalityComparison,
    ModalityGains,
    OtherScores,
    ReportedRow,
    Row,
    SetKey,
    SetTable,
    Standing,
)

FOLDER = Path(__file__).parent / "page"
LIBRARIES = ("vendor/d3.min.js", "vendor/plot.min.js")
SCRIPTS = ("board.js", "table.js", "dialogs.js", "charts.js", "main.js")
DIGEST_SHOWN = 16  # hexadecimal digits of a digest that the page shows; leaderboard.json has them all
WORDS = {"p_predict_1": "share called in order"}  # where the name of a field is none
FIGURES = 60  # further numbers of one row that the page shows
LEFT_OUT = {"precision", "strata", "calibration.reliability"}  # shown in their own way, or only in leaderboard.json
STEPS = 10_000  # accuracies are rounded to so many steps: more digits would be half of the page
UNSAFE = "<>&\u2028\u2029"  # characters with a meaning in HTML or in old JavaScript

Leaf = bool | int | float | str | None


class ReliabilityCurve(Record, frozen=True, kw_only=True):
    """The bins of the reliability curve, one list per field: half of the size of one record per bin."""

    stated: list[float]
    observed: list[float]
    pairs: list[int]


class PageRow(Entrant, frozen=True, kw_only=True):
    """One row as the page shows it.

    `strata`: accuracy by stratum and by its value. `figures`, `trust`: further numbers, by their names in words.
    `isolation`: index in the `isolations` of the table, since most rows share one.
    `digest`: of the submission's folder.
    """

    modality: Modality
    standing: Standing | None
    unranked: tuple[str, ...]
    failure: str | None
    macro: AccuracyEstimate | None
    micro: AccuracyEstimate | None
    categories: dict[str, AccuracyEstimate]
    gains: ModalityGains
    strata: dict[str, dict[str, AccuracyEstimate]]
    reliability: ReliabilityCurve | None
    figures: dict[str, Leaf]
    isolation: int
    trust: dict[str, Leaf]
    date: str | None
    signer: str | None
    harness: str
    seed: int
    bundle: str
    digest: str
    image: str | None
    weights: str | None


class PageTable(Record, frozen=True, kw_only=True):
    """The rows of one set as the page shows them."""

    set: SetKey
    title: str
    categories: list[str]
    comparisons: dict[Modality, ModalityComparison]
    isolations: list[Isolation]
    looks: list[TeamLooks]
    rows: list[PageRow]


class PageBoard(Record, frozen=True, kw_only=True):
    """The data block of the page."""

    tables: list[PageTable]
    reported: list[ReportedRow]


def page(board: Board) -> str:
    """Return the whole page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = list(_scripts())
    shown = PageBoard(tables=[_page_table(table) for table in board.tables], reported=board.reported)
    text = environment.get_template("index.html.jinja").render(
        tables=board.tables,
        date=board.date,
        hashes=Markup(" ".join(_policy_hash(script) for script in scripts)),  # noqa: S704 — base64 of our own hashes
        style=Markup((FOLDER / "board.css").read_text(encoding="utf-8")),  # noqa: S704 — our own file
        scripts=[Markup(script) for script in scripts],  # noqa: S704 — our own files
        data=Markup(data_block(shown)),  # noqa: S704 — data_block leaves no character with a meaning in HTML
    )
    return text + "\n"


def data_block(shown: Record) -> str:
    """Return JSON in one line that no HTML parser can take for markup, and that every JavaScript engine reads."""
    text = decoding.json_line(shown).rstrip("\n")
    for character in UNSAFE:
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _page_table(table: SetTable) -> PageTable:
    isolations = list({decoding.json_line(row.isolation): row.isolation for row in table.rows}.values())
    return PageTable(
        set=table.set,
        title=table.set.title,
        categories=table.categories,
        comparisons=table.comparisons,
        isolations=isolations,
        looks=table.looks,
        rows=[
            _page_row(row, table.gaps.get(row.submission.name, ModalityGains()), isolations.index(row.isolation))
            for row in table.rows
        ],
    )


def _page_row(row: Row, gains: ModalityGains, isolation: int) -> PageRow:
    of, made = row.submission, row.provenance
    return PageRow(
        **{name: getattr(of, name) for name in Entrant.__struct_fields__},
        modality=row.modality,
        standing=row.standing,
        unranked=row.unranked,
        failure=row.failure,
        macro=row.macro and _rounded(row.macro),
        micro=row.micro and _rounded(row.micro),
        categories={name: _rounded(found) for name, found in row.categories.items()},
        gains=gains,
        strata=_strata(row.scores),
        reliability=_reliability(row.scores),
        figures=dict(islice((leaf for leaf in _leaves(row.scores) if leaf[1] is not None), FIGURES)),
        isolation=isolation,
        trust=dict(islice(_leaves(row.trust), FIGURES)),
        date=row.date,
        signer=row.signer,
        harness=made.harness,
        seed=made.seed,
        bundle=made.bundle,
        digest=made.submission[:DIGEST_SHOWN],
        image=made.image,
        weights=made.weights and made.weights[:DIGEST_SHOWN],
    )


def _rounded(found: AccuracyEstimate) -> AccuracyEstimate:
    low, high = (None if end is None else _step(end) for end in (found.low, found.high))
    return AccuracyEstimate(value=_step(found.value), low=low, high=high)


def _step(accuracy: float) -> float:
    return round(STEPS * accuracy) / STEPS


def _strata(scores: OtherScores) -> dict[str, dict[str, AccuracyEstimate]]:
    return {
        stratum: {name: _rounded(found) for name, found in values.items()}
        for stratum, values in (scores.strata or {}).items()
    }


def _reliability(scores: OtherScores) -> ReliabilityCurve | None:
    bins = scores.calibration.reliability if scores.calibration else []
    if not bins:
        return None
    return ReliabilityCurve(
        stated=[round(found.stated, 3) for found in bins],
        observed=[round(found.observed, 3) for found in bins],
        pairs=[found.pairs for found in bins],
    )


def _leaves(record: Record) -> Iterator[tuple[str, Leaf]]:
    """Yield every single number or text of a record, to four digits, after its path in words."""
    for path, value in _json_leaves(decoding.to_json(record), ()):
        words = " ".join(WORDS.get(name, name) for name in path).replace("_", " ")
        yield words, round(value, 4) if isinstance(value, float) else value


def _json_leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    if ".".join(path) in LEFT_OUT:
        return
    if isinstance(value, dict):
        for name, found in sorted(value.items()):
            yield from _json_leaves(found, (*path, name))
    elif value is None or isinstance(value, bool | int | float | str):
        yield path, value


def _scripts() -> Iterator[str]:
    """Yield the libraries, and then the page's own scripts as one, since they share one scope."""
    for name in LIBRARIES:
        yield (FOLDER / name).read_text(encoding="utf-8")
    own = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    yield f'"use strict";\n{own}'


def _policy_hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
