"""Everything that several results on one set say together, as one JSON object; pure but for reading the bundles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.contract.bundle import Bundle
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.records import Modality
from harness.report import loading
from harness.run.plan import VARIANT_MARK
from harness.statistics import comparison, modality_gap
from harness.statistics.modality_gap import PICTURES, TEXT
from harness.statistics.trust import DROPS

PARTS = ("accuracy", "precision", "calibration", "strata", "transitivity")
CASES = 12  # pairs of each kind that the gallery shows


def study(bundles: Sequence[Bundle], frozen: FrozenSet | None, key: bytes) -> dict[str, Any]:
    """bundles: scored, of one set, each submission and modality once. frozen: that set, for what needs the answers."""
    by_submission: dict[str, dict[Modality, Bundle]] = {}
    for found in bundles:
        modality = Modality(found.result["modality"])
        group = by_submission.setdefault(found.result["submission"]["name"], {})
        if modality in group:
            raise InputError(f"{group[modality].root} and {found.root} are both {loading.name(found)}; name one")
        group[modality] = found
        _check_current(found, bundles[0])
    ordered = [group[m] for _, group in sorted(by_submission.items()) for m in Modality if m in group]
    return {
        "set": bundles[0].result["set"],
        "results": [_result(found, frozen, key) for found in ordered],
        "gaps": {
            name: modality_gap.gaps({m: loading.tallies(b) for m, b in group.items()}, key)
            for name, group in sorted(by_submission.items())
            if len(group) > 1
        },
        "pairs": {
            name: _pairs(group, frozen)
            for name, group in sorted(by_submission.items())
            if frozen and len(group) == len(Modality)
        },
    }


def _check_current(found: Bundle, first: Bundle) -> None:
    """A bundle that an older release has scored lacks figures; its answers are all there."""
    scores, others = found.result["scores"], first.result["scores"]
    lacking = [part for part in PARTS if part not in scores]
    if not lacking and scores["strata"].keys() != others["strata"].keys():
        lacking = sorted(scores["strata"].keys() ^ others["strata"].keys())
    if lacking:
        raise InputError(
            f"{found.root}: scored by another release ({', '.join(lacking)} not in all results); score it again with "
            "`wikiorder rescore`"
        )


def _result(found: Bundle, frozen: FrozenSet | None, key: bytes) -> dict[str, Any]:
    described = found.result["submission"]
    return {
        "name": loading.name(found),
        "submission": described["name"],
        "title": described["title"],
        "kind": described["kind"],
        "modality": found.result["modality"],
        "isolated": found.result["isolation"]["isolated"],
        "bundle": found.digest,
        "trust": found.result["trust"],
        "drops": _drops(found, frozen, key) if frozen else {},
        "scores": found.result["scores"],
        "embeddings": found.result.get("embeddings"),
    }


def _drops(found: Bundle, frozen: FrozenSet, key: bytes) -> dict[str, Any]:
    """The falls in accuracy that `trust` gives as one number each, with their intervals."""
    again: dict[str, dict[str, float]] = {}
    for probe in found.probes:
        pair_id, variant = probe.pair_id.split(VARIANT_MARK)
        again.setdefault(variant, {})[pair_id] = probe.p_in_order
    return {
        name: comparison.drop(frozen.truths, found.predictions, again[variant], key, variant)
        for variant, name in DROPS.items()
        if variant in again
    }


def _pairs(group: Mapping[Modality, Bundle], frozen: FrozenSet) -> dict[str, Any]:
    """Who gets which pairs right, and the pairs that one modality decided."""
    correct = {modality: loading.grade(found, frozen) for modality, found in group.items()}
    predictions = {modality: found.predictions for modality, found in group.items()}
    cases = {m: modality_gap.decided_by(m, frozen.truths, predictions, correct)[:CASES] for m in (PICTURES, TEXT)}
    return {
        "shares": modality_gap.shares(frozen.questions, correct),
        "cases": {
            m.value: [
                {
                    "pair_id": case.pair_id,
                    "margin": round(case.margin, 6),
                    "p_in_order": {modality.value: predictions[modality][case.pair_id] for modality in Modality},
                }
                for case in rows
            ]
            for m, rows in cases.items()
        },
    }
