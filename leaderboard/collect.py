"""From a folder of result bundles to rows: the one place where strangers' words enter the board."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.contract import bundle, signature
from harness.contract.bundle import Bundle
from harness.errors import InputError
from harness.records import Modality
from leaderboard import policy
from leaderboard.policy import Policy
from leaderboard.rows import CONTROL, NO_SANDBOX, Entrant, Estimate, Row, SetKey

LONGEST = {"title": 80, "author": 60, "licence": 60, "paper": 200, "data": 200, "reason": 300, "list": 20}
JOINER = "\u200d"  # holds an emoji family together: the one invisible character that stays
NOT_ISOLATED = "not isolated: run it again with --sandbox docker"
KNOWS_CANARIES = "agreed with more canaries than chance allows: evidence of access to the answers"
PREDICTIONS_ONLY = "predictions only: nobody watched how they came about"
NOT_SIGNED = "not signed by a key that this board trusts"


def collect(results: Path) -> list[Row]:
    """Every bundle below `results`, in the board's own order; an InputError names a bundle that is not whole."""
    if not results.is_dir():
        raise InputError(f"{results}: no such folder; wanted result bundles, as `wikiorder evaluate` writes them")
    rules = policy.read(results.parent)
    return checked(read(path.parent, rules) for path in sorted(results.rglob("result.json")))


def read(root: Path, rules: Policy) -> Row:
    """One bundle's row. A signature that does not hold is an InputError; one of a stranger's counts as none."""
    found = bundle.read(root)
    key = signature.signer(signature.path_of(root), found.digest)
    return to_row(found, rules, (rules.trusted or {}).get(key or ""))


def checked(rows: Iterable[Row]) -> list[Row]:
    """The rows, if no two say different things of one run and all rows of a set were asked the same."""
    seen: dict[tuple[SetKey, str, Modality], Row] = {}
    shared: dict[SetKey, Row] = {}
    for row in rows:
        key = row.set, row.entrant.name, row.modality
        if key in seen:
            raise InputError(f"two bundles of {row.place}; wanted one row for each: remove one of them")
        seen[key] = row
        if row.failure is None:
            other = shared.setdefault(row.set, row)
            if row.asked != other.asked:
                raise InputError(
                    f"{row.place} was asked other pairs than {other.place}, so they cannot be compared; evaluate again"
                )
            seen[key] = replace(row, asked=other.asked)  # a thousand rows hold the articles once
    return list(seen.values())


def to_row(found: Bundle, rules: Policy, signer: str | None) -> Row:
    result = found.result
    scores = result["scores"]
    failure = result["failure"] and clean(result["failure"]["reason"], LONGEST["reason"])
    accuracy = scores["accuracy"] if scores else None
    articles = sorted(found.articles, key=lambda a: (a.category, a.article))
    return Row(
        set=_set_key(result),
        entrant=_entrant(result["submission"]),
        modality=Modality(result["modality"]),
        failure=failure,
        unranked=_unranked(found, rules, signer),
        macro=_estimate(accuracy["macro"]) if accuracy else None,
        micro=_estimate(accuracy["micro"]) if accuracy else None,
        categories={clean(name): _estimate(found) for name, found in accuracy["categories"].items()}
        if accuracy
        else {},
        asked=tuple((a.category, a.article, a.asked) for a in articles),
        correct=tuple(a.correct for a in articles),
        scores={name: _tidy(found) for name, found in scores.items() if name != "accuracy"} if scores else {},
        isolation=_isolation(result["isolation"]),
        trust=_tidy(result["trust"]),
        date=_date(found.timings.get("finished")),
        provenance=_provenance(found),
        signer=signer,
    )


def clean(text: str, longest: int = 80) -> str:
    """One line of at most `longest` characters without control, direction-turning or other invisible characters."""
    normal = unicodedata.normalize("NFC", text)
    shown = "".join(c if c == JOINER or not unicodedata.category(c).startswith(("C", "Z")) else " " for c in normal)
    line = " ".join(shown.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _tidy(value: Any) -> Any:
    """The same JSON value with every string in it cleaned, keys included."""
    if isinstance(value, str):
        return clean(value, LONGEST["data"])
    if isinstance(value, dict):
        return {clean(key): _tidy(found) for key, found in value.items()}
    return [_tidy(found) for found in value] if isinstance(value, list) else value


def _date(text: Any) -> str | None:
    """2026-11-23 of any ISO 8601 time; None of anything else."""
    try:
        return datetime.fromisoformat(text).date().isoformat() if isinstance(text, str) else None
    except ValueError:
        return None


def _set_key(result: Mapping[str, Any]) -> SetKey:
    of = result["set"]
    name, version, subset = (clean(of[key]) for key in ("name", "version", "subset"))
    return SetKey(name, version, subset, of["visibility"], result["protocol"], of["pairs"], of["digest"])


def _entrant(of: Mapping[str, Any]) -> Entrant:
    return Entrant(
        name=of["name"],
        title=clean(of["title"], LONGEST["title"]) or of["name"],
        kind=of["kind"],
        authors=_cleaned(of["authors"], LONGEST["author"]),
        licence=clean(of["licence"], LONGEST["licence"]),
        paper=of["paper"] and clean(of["paper"], LONGEST["paper"]),
        parameters=of["parameters"],
        training_data=_cleaned(of["training_data"], LONGEST["data"]),
    )


def _cleaned(texts: list[str], longest: int) -> tuple[str, ...]:
    kept = tuple(clean(text, longest) for text in texts[: LONGEST["list"]])
    more = len(texts) - len(kept)
    return (*kept, f"and {more} more") if more else kept


def _unranked(found: Bundle, rules: Policy, signer: str | None) -> str | None:
    """Why a row takes no rank: the first reason that holds."""
    result = found.result
    if found.digest in rules.disqualified:
        return f"disqualified: {clean(rules.disqualified[found.digest], LONGEST['reason'])}"
    canaries = result["trust"].get("canaries") or {}
    reasons = {
        KNOWS_CANARIES: bool(canaries.get("alarm")),
        CONTROL: result["submission"]["kind"] == "control",
        PREDICTIONS_ONLY: result["isolation"]["sandbox"] == NO_SANDBOX,
        NOT_ISOLATED: not result["isolation"]["isolated"],
        NOT_SIGNED: rules.trusted is not None and signer is None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _estimate(found: Mapping[str, Any]) -> Estimate:
    return Estimate(found["value"], found["low"], found["high"])


def _isolation(of: Mapping[str, Any]) -> dict[str, Any]:
    lists = {key: list(_cleaned(of[key], LONGEST["data"])) for key in ("covers", "exposes")}
    return {"sandbox": of["sandbox"], "isolated": of["isolated"], **lists}


def _provenance(found: Bundle) -> dict[str, Any]:
    of = found.result["submission"]
    return {
        "bundle": found.digest,
        "submission": of["digest"],
        "image": of["image"] and clean(of["image"], 200),
        "weights": of["weights"] and clean(of["weights"], 200),
        "harness": clean(found.result["harness"]["version"]),
        "protocol": found.result["protocol"],
        "seed": found.result["seed"],
    }
