"""The study of several results on one set: every number of `report.json`, typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import UNSET

from harness.contract.bundle import Bundle
from harness.contract.decoding import Record
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import (
    Accuracy,
    Calibration,
    EmbeddingGap,
    Fraction,
    Kind,
    Precision,
    SetIdentity,
    Signed,
    Strata,
    Transitivity,
    Trust,
)
from harness.errors import InputError
from harness.records import Modality, Variant
from harness.report import loading
from harness.run import verification
from harness.statistics import comparison, modality_gap, verdict
from harness.statistics.comparison import GroupDifference, PairedComparison
from harness.statistics.modality_gap import PICTURES, TEXT, NeedsOfPairs
from harness.statistics.tally import rounded
from harness.statistics.trust import DROPS
from harness.statistics.verdict import Evidence, Opponent, Sentence

ALPHA = 0.05  # of each family of comparisons
CASES = 12  # pairs of each kind in the gallery


class CompleteScores(Record, frozen=True, kw_only=True):
    """The scores of a result that the current release has scored: every part is there."""

    accuracy: Accuracy
    precision: Precision
    calibration: Calibration
    strata: Strata
    transitivity: Transitivity


class StudiedResult(Record, frozen=True, kw_only=True):
    """One result of a study.

    name: submission and modality. bundle: the digest of its bundle. drops: the drops of `trust` with their intervals,
    by their field names; empty without the set.
    """

    name: str
    submission: str
    title: str
    kind: Kind
    modality: Modality
    isolated: bool
    bundle: str
    trust: Trust
    drops: dict[str, GroupDifference]
    scores: CompleteScores
    embeddings: EmbeddingGap | None


class GalleryCase(Record, frozen=True, kw_only=True):
    """A pair that one modality decided, with the probability of being in order that each modality gave it."""

    pair_id: str
    margin: Signed
    p_in_order: dict[str, Fraction]


class SubmissionPairs(Record, frozen=True, kw_only=True):
    """The modalities that one submission needs for the pairs, and the pairs decided by each single modality."""

    shares: NeedsOfPairs
    cases: dict[str, list[GalleryCase]]


class Study(Record, frozen=True, kw_only=True):
    """`report.json`.

    gaps: by submission with at least two modalities, then by contrast. pairs: by submission with all three modalities;
    empty without the set. verdicts: the sentences on each submission, by its name.
    """

    set: SetIdentity
    verdicts: dict[str, list[Sentence]]
    results: list[StudiedResult]
    gaps: dict[str, dict[str, PairedComparison]]
    pairs: dict[str, SubmissionPairs]


def study(bundles: Sequence[Bundle], frozen: FrozenSet | None, key: bytes) -> Study:
    """Return the study of scored bundles of one set.

    Args:
        bundles: each submission and modality once.
        frozen: the set that they answer, for the figures that need its ground truth.
        key: the key of resamples and sign flips.

    Raises:
        InputError: two bundles are of the same submission and modality, or one was scored by another release.
    """
    by_submission: dict[str, dict[Modality, Bundle]] = {}
    for found in bundles:
        modality = found.result.modality
        group = by_submission.setdefault(found.result.submission.name, {})
        if modality in group:
            raise InputError(
                f"{group[modality].root} and {found.root} are both {loading.name(found)}; name one of them"
            )
        group[modality] = found
    scores = {found.root: _complete_scores(found) for found in bundles}
    _check_strata(scores)
    ordered = [group[m] for _, group in sorted(by_submission.items()) for m in Modality if m in group]
    return Study(
        set=bundles[0].result.set,
        verdicts={name: verdict.verdict(evidence(by_submission, name, key)) for name in sorted(by_submission)},
        results=[_studied(found, scores[found.root], frozen, key) for found in ordered],
        gaps={name: _gaps(group, frozen, key) for name, group in sorted(by_submission.items()) if len(group) > 1},
        pairs={
            name: _pairs(group, frozen)
            for name, group in sorted(by_submission.items())
            if frozen and len(group) == len(Modality)
        },
    )


def evidence(by_submission: Mapping[str, Mapping[Modality, Bundle]], name: str, key: bytes) -> Evidence:
    """Return the evidence on one submission: its head modality, what the others add, and all other submissions.

    Each claim about another submission must hold in its interval and in its p value after Holm's correction over all of
    them.

    Args:
        by_submission: scored results on one set, by submission and modality.
        name: the submission.
        key: the key of resamples and sign flips.
    """
    group = by_submission[name]
    modality = head_modality(group)
    head = group[modality]
    gained = {contrast: found.macro for contrast, found in _gaps(group, None, key).items()}
    peers = [other[modality] for who, other in sorted(by_submission.items()) if who != name and modality in other]
    judged = _opponents(head, peers, key)
    return Evidence(
        accuracy=verification.scores_of(head).accuracy.macro,
        ceiling=verdict.ceiling(head.result.set.name, modality),
        pictures=gained.get(f"{Modality.VISION_TEXT} minus {TEXT}"),
        text=gained.get(f"{Modality.VISION_TEXT} minus {PICTURES}"),
        simple=[row for peer, row in judged if peer.result.submission.kind == "control"],
        others=[row for peer, row in judged if peer.result.submission.kind == "model"],
    )


def head_modality(group: Mapping[Modality, object]) -> Modality:
    """Return the modality that a verdict is about: vision+text if it ran, else the first that did."""
    return next(m for m in Modality if m in group)


def _opponents(head: Bundle, peers: Sequence[Bundle], key: bytes) -> list[tuple[Bundle, Opponent]]:
    ours = loading.tallies(head)
    differences = [
        comparison.compare(ours, loading.tallies(peer), key, loading.agreed(head, peer, None)).macro for peer in peers
    ]
    corrected = comparison.holm([found.p for found in differences])
    return [
        (peer, Opponent(peer.result.submission.title, verdict.outcome(found) if p <= ALPHA else "not shown"))
        for peer, found, p in zip(peers, differences, corrected, strict=True)
    ]


def _gaps(group: Mapping[Modality, Bundle], frozen: FrozenSet | None, key: bytes) -> dict[str, PairedComparison]:
    tallies = {modality: loading.tallies(found) for modality, found in group.items()}
    return modality_gap.gaps(tallies, key, lambda one, other: loading.agreed(group[one], group[other], frozen))


def _complete_scores(found: Bundle) -> CompleteScores:
    """Return the scores of a bundle. One that an earlier release scored lacks some, which `rescore` computes."""
    scores = verification.scores_of(found)
    lacking = [part for part in CompleteScores.__struct_fields__ if getattr(scores, part) is None]
    if lacking:
        raise InputError(_of_another_release(found.root, lacking))
    return CompleteScores(**{part: getattr(scores, part) for part in CompleteScores.__struct_fields__})


def _check_strata(scores: Mapping[Path, CompleteScores]) -> None:
    """Check that all results have the same strata. scores: by the folder of the bundle."""
    first = next(iter(scores.values())).strata.keys()
    for root, found in scores.items():
        if found.strata.keys() != first:
            raise InputError(_of_another_release(root, sorted(found.strata.keys() ^ first)))


def _of_another_release(root: Path, lacking: Sequence[str]) -> str:
    return (
        f"{root}: scored by another release ({', '.join(lacking)} not in all results); score it again with "
        "`wikiorder rescore`"
    )


def _studied(found: Bundle, scores: CompleteScores, frozen: FrozenSet | None, key: bytes) -> StudiedResult:
    result = found.result
    return StudiedResult(
        name=loading.name(found),
        submission=result.submission.name,
        title=result.submission.title,
        kind=result.submission.kind,
        modality=result.modality,
        isolated=result.isolation.isolated,
        bundle=found.digest,
        trust=result.trust,
        drops=_drops(found, frozen, key) if frozen else {},
        scores=scores,
        embeddings=None if result.embeddings is UNSET else result.embeddings,
    )


def _drops(found: Bundle, frozen: FrozenSet, key: bytes) -> dict[str, GroupDifference]:
    """Return the drops in accuracy of the asked variants, by their field names in `Trust`."""
    counted = {truth.pair_id for truth in frozen.truths}  # without the canaries of a hidden set
    again: dict[Variant, dict[str, float]] = {}
    for prediction in found.variants:
        if prediction.pair_id in counted:
            again.setdefault(prediction.variant, {})[prediction.pair_id] = prediction.p_in_order
    return {
        name: comparison.drop(frozen.truths, found.predictions, again[variant], key, variant.value)
        for variant, name in DROPS.items()
        if variant in again
    }


def _pairs(group: Mapping[Modality, Bundle], frozen: FrozenSet) -> SubmissionPairs:
    correct = {modality: loading.grade(found, frozen) for modality, found in group.items()}
    predictions = {modality: found.predictions for modality, found in group.items()}
    decided = {m: modality_gap.decided_by(m, frozen.truths, predictions, correct)[:CASES] for m in (PICTURES, TEXT)}
    return SubmissionPairs(
        shares=modality_gap.shares(frozen.questions, correct),
        cases={
            m.value: [
                GalleryCase(
                    pair_id=pair.pair_id,
                    margin=rounded(pair.margin),
                    p_in_order={modality.value: predictions[modality][pair.pair_id] for modality in Modality},
                )
                for pair in pairs
            ]
            for m, pairs in decided.items()
        },
    )
