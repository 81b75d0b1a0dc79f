"""The reasons for which a row takes no rank. Every reason that holds is collected; none cancels another.

A row without reasons is ranked. A row is compared with the others, as a contestant or as a control, only if each of its
reasons is one of COMPARED_ALL_THE_SAME: a control must be signed, isolated and whole as any other row.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from msgspec import UNSET

from harness.contract.bundle import PREDICTIONS, Bundle
from harness.contract.result import AccuracyEstimate, Calibration, Result, SandboxName
from harness.statistics import verdict
from leaderboard.filing import Policy

NO_SANDBOX: SandboxName = "none"  # the sandbox of a bundle made of predictions alone
CHANCE = 0.5
HALF = 0.5  # the probability that says nothing about a pair
ROUNDING = 1e-6  # scores are written with six digits

CONTROL = "a control, not a contestant"
NOT_ISOLATED = "not isolated: run it again with --sandbox docker"
KNOWS_CANARIES = "agreed with more canaries than chance allows: evidence of access to the answers"
PREDICTIONS_ONLY = "predictions only: the run was not observed"
NOT_SIGNED = "not signed by a key that this board trusts"
NOT_WHOLE = "does not answer every pair of the set exactly once"
STATEFUL = "stateful: the predictor answered the same question differently after a restart"
IMPOSSIBLE = "impossible: resolvably above the known ceiling of this set"
NOT_ABOVE_CHANCE = "not shown to be above chance"
UNDECIDED = "answers 0.5 to every pair"
NOT_RELEASED = "on a hidden set, but not published through the ledger"
NOT_IN_LEDGER = "its look does not stand in the ledger of this board"
REPEATED = "not better than the team's best by more than the set can resolve: the best is repeated"
NOT_COMPARED = "not compared yet: run `wikiorder leaderboard compare-private`"
DISQUALIFIED = "disqualified"

# A row with no other reasons than these is compared, so that "better than the controls" is a claim as well.
COMPARED_ALL_THE_SAME = frozenset({CONTROL, NOT_ABOVE_CHANCE, UNDECIDED})


def reasons(found: Bundle, rules: Policy, signer: str | None) -> tuple[str, ...]:
    """Return every reason for which a row takes no rank, in a fixed order; none for a row that is ranked.

    Args:
        rules: the keys that the board trusts, and its disqualified bundles.
        signer: the name of the trusted key that signed the bundle.
    """
    result = found.result
    holds = {
        KNOWS_CANARIES: result.trust.canaries is not UNSET and result.trust.canaries.alarm,
        CONTROL: result.submission.kind == "control",
        PREDICTIONS_ONLY: result.isolation.sandbox == NO_SANDBOX,
        NOT_ISOLATED: not result.isolation.isolated,
        NOT_SIGNED: rules.trusted is not None and signer is None,
        NOT_WHOLE: not _is_whole(found),
        STATEFUL: result.trust.stateful,
        **_release_reasons(found, rules),
        **_score_reasons(found),
    }
    disqualified = [f"{DISQUALIFIED}: {rules.disqualified[found.digest]}"] if found.digest in rules.disqualified else []
    return (*disqualified, *(reason for reason, held in holds.items() if held))


def is_compared(unranked: Sequence[str], failed: bool) -> bool:
    """Return whether a row is compared with the others, as a contestant or as a control."""
    return not failed and COMPARED_ALL_THE_SAME.issuperset(unranked)


def _release_reasons(found: Bundle, rules: Policy) -> dict[str, bool]:
    """Return the reasons that concern a public bundle of a hidden set, or the lack of one on a board with keys."""
    result = found.result
    if result.released is UNSET:
        public = rules.trusted is not None and not rules.private and result.set.visibility == "hidden"
        return {NOT_RELEASED: public and result.status == "scored"}
    look = rules.by_bundle.get(found.digest)
    entered = look is not None and (look.set, look.modality, look.released, look.improved) == (
        result.set.digest,
        result.modality,
        result.released.value,
        result.released.improved,
    )
    return {NOT_IN_LEDGER: not entered, REPEATED: not result.released.improved}


def _score_reasons(found: Bundle) -> dict[str, bool]:
    """Return the reasons that depend on the score. A failed run has none of them."""
    result = found.result
    if result.scores is None:
        return {}
    macro = result.scores.accuracy.macro
    return {
        IMPOSSIBLE: _is_above_ceiling(macro, result),
        NOT_ABOVE_CHANCE: macro.low is None or macro.low <= CHANCE,
        UNDECIDED: _is_undecided(found, result.scores.calibration),
    }


def _is_above_ceiling(macro: AccuracyEstimate, result: Result) -> bool:
    most = verdict.ceiling(result.set.name, result.modality)
    return most is not None and macro.low is not None and macro.low > most


def _is_whole(found: Bundle) -> bool:
    """Return whether the counts add up to the pairs of the set. A hidden set's canaries are pairs that do not count."""
    result = found.result
    if result.scores is None:
        return True
    asked = sum(count.asked for count in found.articles)
    verdict = result.trust.canaries
    canaries = 0 if verdict is UNSET or verdict.asked is UNSET else verdict.asked
    return asked + canaries == result.set.pairs == canaries + result.scores.accuracy.micro.pairs


def _is_undecided(found: Bundle, calibration: Calibration | None) -> bool:
    """Return whether every pair was answered 0.5. The predictions are read only where the scores leave it open."""
    if calibration and (abs(calibration.brier - 0.25) > ROUNDING or abs(calibration.log_loss - log(2)) > ROUNDING):
        return False
    if not (found.root / PREDICTIONS).is_file():
        return calibration is not None
    return bool(found.predictions) and all(p == HALF for p in found.predictions.values())
