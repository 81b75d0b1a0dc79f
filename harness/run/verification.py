"""Deriving a bundle's numbers again from the data that it holds, and naming each that differs. No model is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import UNSET

from harness.contract import decoding, release
from harness.contract.bundle import Bundle
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Scores
from harness.errors import CheckError, InputError
from harness.records import GroundTruth
from harness.run.judging import SCORING_KEY, judge
from harness.statistics import scoring, tally

ROUNDING = 2e-6  # scores are written with six digits; the sums of two machines may differ in the last

SHOWN = 5  # differences that one message names
CLOCK_DIFFERENCE = timedelta(hours=1)  # between the clocks of two machines


def scores_of(found: Bundle) -> Scores:
    """Return the scores of a bundle that must have some.

    Raises:
        InputError: the run failed, or the bundle is a public one without scores.
    """
    result = found.result
    if result.failure is not None:
        raise InputError(f"{found.root}: this run failed ({result.failure.reason}); wanted a scored result")
    if result.scores is None:
        raise InputError(f"{found.root}: a public bundle with a released score alone; name the private bundle")
    return result.scores


def from_counts(found: Bundle) -> list[str]:
    """Return one line for each accuracy or interval that does not follow from the counts per article."""
    stored = scores_of(found).accuracy
    if not found.articles:
        return ["articles.jsonl: holds no counts, so no accuracy follows"]
    derived = scoring.accuracy(tally.of_articles(found.articles), SCORING_KEY)
    return list(differences(stored, derived, "scores.accuracy"))


def from_predictions(found: Bundle, frozen: FrozenSet, canaries: Mapping[str, GroundTruth]) -> list[str]:
    """Return one line for each count, score or trust figure that does not follow from the predictions and the set."""
    trust = found.result.trust
    judged = judge(frozen, canaries, found.predictions, found.variants, trust)
    problems = []
    if list(found.articles) != judged.articles:
        problems.append("articles.jsonl: the counts do not follow from predictions.jsonl and the set's ground truth")
    problems += differences(found.result.scores, judged.scores, "scores")
    return problems + list(differences(trust, judged.trust, "trust"))


def require_signable(found: Bundle, frozen: FrozenSet, key: bytes | None) -> None:
    """Check that a bundle answers this set and that every number in it follows from its predictions and the set.

    Args:
        frozen: the set that was asked.
        key: the release key of a hidden set.

    Raises:
        CheckError: a number differs, the set is described otherwise, or the run ends in the future.
        InputError: a hidden set's key is missing, or the bundle is a public one.
    """
    if found.result.withheld is not UNSET:
        raise InputError(
            f"{found.root}: a public bundle cannot be derived again, since its predictions are withheld. Sign the "
            "private bundle; `wikiorder publish --key KEY` then signs the public one"
        )
    problems = list(differences(found.result.set, frozen.identity, "set"))
    finished = found.timings.finished
    if finished is not UNSET and _is_future(finished):
        problems.append(f"timings.finished: {finished[:40]} is no time in the past")
    if found.result.scores is not None:
        problems += from_predictions(found, frozen, release.secret(frozen, key)) + from_counts(found)
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise CheckError(f"{found.root}: not signed: {'; '.join(problems[:SHOWN])}{more}. Evaluate again")


def _is_future(time: str) -> bool:
    """Return whether an ISO 8601 time is later than now, or no such time."""
    try:
        return datetime.fromisoformat(time).astimezone(UTC) > datetime.now(UTC) + CLOCK_DIFFERENCE
    except (ValueError, OverflowError):
        return True


def differences(stored: object, derived: object, path: str) -> Iterator[str]:
    """Yield one line for every leaf at which two records differ by more than rounding."""
    return _differences(decoding.to_json(stored), decoding.to_json(derived), path)


def _differences(stored: Any, derived: Any, path: str) -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(derived, dict):
        for key in sorted(stored.keys() | derived.keys()):
            yield from _differences(stored.get(key), derived.get(key), f"{path}.{key}")
    elif isinstance(stored, list) and isinstance(derived, list) and len(stored) == len(derived):
        for index, (one, other) in enumerate(zip(stored, derived, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif isinstance(stored, float | int) and isinstance(derived, float | int):
        if abs(stored - derived) > ROUNDING:
            yield f"{path}: {stored} stands there, {derived} follows"
    elif stored != derived:
        yield f"{path}: {stored!r} stands there, {derived!r} follows"
