"""index.html: the board as one self-contained page. Pure but for reading its own parts: the document in, text out.

Strangers' words travel as JSON in a data block and become text nodes, never markup; the page's policy admits only its
own scripts, by their hashes, and no request to anywhere. The libraries that draw the charts are in `vendor/`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LIBRARIES = ("vendor/d3.min.js", "vendor/plot.min.js")
SCRIPTS = ("board.js", "table.js", "dialogs.js", "charts.js", "main.js")
DIGEST_SHOWN = 16  # hexadecimal digits of a digest that the page shows; leaderboard.json has them all
FIGURES = 60  # further numbers of one row that the page shows
LEFT_OUT = {"precision", "strata", "calibration.reliability"}  # shown in their own way, or left to leaderboard.json
FIELDS = (
    "name", "title", "kind", "authors", "licence", "paper", "parameters", "training_data", "modality", "standing",
    "unranked", "failure", "macro", "micro", "categories", "strata", "reliability", "figures", "isolation", "trust",
    "date", "signer", "harness", "seed", "bundle", "digest", "image", "weights",
)  # fmt: skip


def page(document: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(FOLDER / "page_source"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = list(_scripts())
    packed = {"reported": document["reported"], "tables": [pack(table) for table in document["tables"]]}
    text = environment.get_template("index.html.jinja").render(
        tables=document["tables"],
        date=document["date"],
        hashes=Markup(" ".join(_policy_hash(script) for script in scripts)),  # noqa: S704 — base64 of our own hashes
        style=Markup((FOLDER / "page_source/board.css").read_text(encoding="utf-8")),  # noqa: S704 — our own file
        scripts=[Markup(script) for script in scripts],  # noqa: S704 — our own files
        data=Markup(data_block(packed)),  # noqa: S704 — data_block leaves no character that HTML gives a meaning to
    )
    return text + "\n"


def data_block(value: Any) -> str:
    """JSON that no HTML parser takes for anything else, and every JavaScript engine reads."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def pack(table: dict[str, Any]) -> dict[str, Any]:
    """A table with its rows as arrays: a thousand of them must fit into a page that opens at once."""
    isolations: list[dict[str, Any]] = []
    rows = []
    for row in table["rows"]:
        if row["isolation"] not in isolations:
            isolations.append(row["isolation"])
        fields = {
            **row["submission"],
            **{name: row[name] for name in ("modality", "unranked", "failure", "date", "signer")},
            "standing": row["standing"] and list(row["standing"].values()),
            "macro": _packed(row["macro"]),
            "micro": _packed(row["micro"]),
            "categories": [_packed(row["categories"].get(name)) for name in table["categories"]],
            "isolation": isolations.index(row["isolation"]),
            "trust": list(_leaves(row["trust"], ()))[:FIGURES],
            **_scores(row["scores"]),
            **_provenance(row["provenance"]),
        }
        rows.append([fields[name] for name in FIELDS])
    key = table["set"]
    title = f"{key['name']} {key['version']} {key['subset']}"
    kept = {name: table[name] for name in ("categories", "comparisons", "gaps")}
    return kept | {"set": key | {"title": title}, "fields": FIELDS, "isolations": isolations, "rows": rows}


def _packed(estimate: dict[str, Any] | None) -> list[int | None] | None:
    """value, low, high in ten-thousandths."""
    if estimate is None:
        return None
    ends = (estimate[name] for name in ("value", "low", "high"))
    return [None if end is None else round(10_000 * end) for end in ends]


def _scores(scores: dict[str, Any]) -> dict[str, Any]:
    strata = [
        [stratum, value, _packed(found)]
        for stratum, values in sorted(scores.get("strata", {}).items())
        for value, found in sorted(values.items())
    ]
    curve = scores.get("calibration", {}).get("reliability", [])
    reliability = [[round(row["stated"], 3), round(row["observed"], 3), row["pairs"]] for row in curve]
    figures = [[name, value] for name, value in _leaves(scores, ()) if value is not None]
    return {"strata": strata, "reliability": reliability, "figures": figures[:FIGURES]}


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Every single value below, named by its path, in four digits."""
    if ".".join(path) in LEFT_OUT:
        return
    if isinstance(value, dict):
        for name, found in sorted(value.items()):
            yield from _leaves(found, (*path, name))
    elif not isinstance(value, list):
        yield " ".join(path).replace("_", " "), round(value, 4) if isinstance(value, float) else value


def _provenance(provenance: dict[str, Any]) -> dict[str, Any]:
    return {
        "harness": provenance["harness"],
        "seed": provenance["seed"],
        "bundle": provenance["bundle"],
        "digest": provenance["submission"][:DIGEST_SHOWN],
        "image": provenance["image"],
        "weights": provenance["weights"] and provenance["weights"][:DIGEST_SHOWN],
    }


def _scripts() -> Iterator[str]:
    """The page's own scripts share one scope. The libraries come first."""
    for name in LIBRARIES:
        yield (FOLDER / name).read_text(encoding="utf-8")
    own = "\n".join((FOLDER / "page_source" / name).read_text(encoding="utf-8") for name in SCRIPTS)
    yield f'"use strict";\n{own}'


def _policy_hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
