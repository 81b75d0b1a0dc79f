"""The audit: may this set be released? Probes are fitted on train, scored on test, and judged together.

The gate looks at artefact probes only, at their accuracy over all categories. Each is tested, one-sided and clustered
by article, against 0.5 + margin; Holm's procedure keeps the chance of failing a clean set at 5 % over all of them. (Ten
probes on eleven groups of pairs at 95 % each would fail 93 % of clean sets.)

    fail            some artefact probe is above 0.5 + margin
    pass            none is, and every upper bound lies under 0.5 + 2 margins
    inconclusive    none is, but the test set is too small to say so of all

A second gate looks at every probe, of content too: if the lower bound of its accuracy, over all pairs or in one
category, lies above the spec's `[audit] printed` (0.9), the order is all but printed in the pairs, and the audit fails.
"""

from __future__ import annotations

import math
import os
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_builder.audit.facts import measure
from dataset_builder.audit.probes import PROBES, Probe, ProbeInput
from dataset_builder.spec import AuditRules, Spec
from harness.contract import decoding, frozen_set, release
from harness.contract.decoding import Record
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.records import GroundTruth, StepPair

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARGIN = 0.02
LEVEL = 0.05
PRINTED = AuditRules().printed  # accuracy of any probe above which the order is printed, if no spec gives one
EXAMPLES = 3  # pairs named for a probe
TRAINED_ON = 20_000  # pairs: probes with few features gain nothing from more
MIN_CLUSTERS = 2
REPORT = "report.json"  # of a build


class AuditedBuild(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """The part of a build's report that an audit needs."""

    spec: Spec


class Verdict(StrEnum):
    """The verdict of an audit."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """The exit code of `wikiorder dataset audit`."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 4}[self]


@dataclass(frozen=True, slots=True)
class ClusteredAccuracy:
    """An accuracy with its standard error, clustered by article (NaN if there is only one article)."""

    accuracy: float
    error: float
    articles: int
    pairs: int

    def bound(self, level: float) -> float:
        """Return the one-sided upper bound of the true accuracy at confidence `level`; at most 1."""
        from scipy.stats import t

        if self.articles < MIN_CLUSTERS:
            return 1.0
        return min(1.0, self.accuracy + float(t.ppf(level, self.articles - 1)) * self.error)

    def lower_bound(self, level: float) -> float:
        """Return the one-sided lower bound of the true accuracy at confidence `level`; 0 if there is one article.

        The error is at least that of independent pairs at (correct + 2) / (pairs + 4) (Agresti and Coull 1998), so that
        a few pairs that are all right prove little.
        """
        from scipy.stats import t

        if self.articles < MIN_CLUSTERS:
            return 0.0
        share = (self.accuracy * self.pairs + 2) / (self.pairs + 4)
        error = max(self.error, math.sqrt(share * (1 - share) / self.pairs))
        return max(0.0, self.accuracy - error * float(t.ppf(level, self.articles - 1)))

    def p_above(self, threshold: float) -> float:
        """Return the one-sided p value of "the true accuracy is at most `threshold`"."""
        from scipy.stats import t

        if self.articles < MIN_CLUSTERS:
            return 1.0
        if self.error == 0:
            return float(self.accuracy <= threshold)
        return float(t.sf((self.accuracy - threshold) / self.error, self.articles - 1))


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The accuracy of one probe on test.

    probabilities: of every test pair, canaries included. adjusted: the p value after Holm; `None` for a probe that does
    not gate. limit: the accuracy above which the order counts as printed. examples: pairs that the probe answers most
    surely, as "first headline | second headline".
    """

    probe: Probe
    overall: ClusteredAccuracy
    categories: Mapping[str, ClusteredAccuracy]
    probabilities: Mapping[str, float] = field(repr=False)
    adjusted: float | None = None
    limit: float = PRINTED
    examples: tuple[str, ...] = ()

    @property
    def printed(self) -> tuple[str, ...]:
        """Where the probe shows that the order is all but printed: "all pairs", or the names of categories."""
        if self.overall.lower_bound(1 - LEVEL) > self.limit:
            return ("all pairs",)
        return tuple(name for name, one in self.categories.items() if one.lower_bound(1 - LEVEL) > self.limit)

    @property
    def fires(self) -> bool:
        """Whether the probe fails the audit: an artefact reveals the order, or anything prints it."""
        return bool(self.printed) or (self.adjusted is not None and self.adjusted <= LEVEL)


@dataclass(frozen=True, slots=True)
class Audit:
    """A finished audit: the verdict, and the result of every probe."""

    verdict: Verdict
    results: Sequence[ProbeResult]


@dataclass(frozen=True, slots=True)
class AuditSubject:
    """The sets of a build that an audit looks at. canaries: of a hidden test set. limit: the spec's `printed`."""

    train: FrozenSet
    test: FrozenSet
    canaries: Mapping[str, GroundTruth]
    limit: float


def load(folder: Path, key: bytes | None = None) -> AuditSubject:
    """Load and verify the sets of the build in `folder`.

    Args:
        key: the release key of a hidden build, whose canaries are left out.

    Raises:
        InputError: there is no build, or it is hidden and the key is missing or another build's.
    """
    train, test = _load(folder, "train"), _load(folder, "test")
    report = folder / REPORT
    limit = (
        decoding.decode(AuditedBuild, report.read_bytes(), str(report)).spec.printed if report.is_file() else PRINTED
    )
    return AuditSubject(train, test, release.secret(test, key), limit)


def audit(subject: AuditSubject, workers: int | None = None) -> Audit:
    """Audit a build."""
    return audit_sets(subject.train, subject.test, subject.canaries, workers or os.cpu_count() or 1, subject.limit)


def audit_sets(
    train: FrozenSet, test: FrozenSet, canaries: Container[str] = (), workers: int = 1, limit: float = PRINTED
) -> Audit:
    """Fit every probe on train and score it on test, without the canaries.

    Args:
        limit: accuracy of any probe above which the order counts as printed.

    Raises:
        InputError: a subset has no pairs of one label.
    """
    counted = np.array([truth.pair_id not in canaries for truth in test.truths], dtype=bool)
    taught = list(range(0, len(train.truths), max(1, len(train.truths) // TRAINED_ON)))
    if not counted.any() or len({train.truths[n].label for n in taught}) < 2:
        raise InputError(f"{train.title}: train and test need pairs of both labels to fit and to score a probe")
    fitting, asking = _probe_input(train, taught, workers), _probe_input(test, range(len(test.truths)), workers)
    labels = np.array([train.truths[n].label for n in taught])
    results = [_evaluate(probe, fitting, labels, asking, test.truths, counted) for probe in PROBES]
    return judge([replace(result, limit=limit) for result in results])


def judge(results: Sequence[ProbeResult]) -> Audit:
    """Return the verdict, with Holm's adjusted p values of the artefact probes (Holm 1979)."""
    gating = [result for result in results if result.probe.gates]
    adjusted = holm([result.overall.p_above(0.5 + MARGIN) for result in gating])
    by_name = {result.probe.name: p for result, p in zip(gating, adjusted, strict=True)}
    judged = [replace(result, adjusted=by_name.get(result.probe.name)) for result in results]
    if any(result.fires for result in judged):
        return Audit(Verdict.FAIL, judged)
    clean = all(result.overall.bound(1 - LEVEL) < 0.5 + 2 * MARGIN for result in gating)
    return Audit(Verdict.PASS if clean else Verdict.INCONCLUSIVE, judged)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p values, to be rejected at or under the level. [.01, .04, .03] give [.03, .06, .06]."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda n: p_values[n])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def clustered(correct: NDArray[np.bool_], articles: NDArray[np.str_]) -> ClusteredAccuracy:
    """Return the accuracy of pairs; its error treats an article's pairs as one draw (Cameron and Miller 2015).

    correct: bool (pairs,). articles: the article id of each pair (pairs,).
    """
    _, cluster = np.unique(articles, return_inverse=True)
    count = int(cluster.max()) + 1
    accuracy = float(correct.mean())
    sums = np.bincount(cluster, weights=correct - accuracy)
    error = float(np.sqrt((sums**2).sum() * count / (count - 1))) / len(correct) if count > 1 else float("nan")
    return ClusteredAccuracy(accuracy, error, count, len(correct))


def _load(folder: Path, subset: str) -> FrozenSet:
    if not (folder / subset).is_dir():
        found = f"no {subset} in it" if folder.is_dir() else "no such folder"
        raise InputError(f"{folder}: {found}; wanted a build, which holds train, validation and test")
    return frozen_set.load(folder / subset)


def _probe_input(frozen: FrozenSet, rows: Sequence[int], workers: int) -> ProbeInput:
    questions = [frozen.questions[n] for n in rows]
    shown = {step.image for pair in questions for step in (pair.first, pair.second)}
    return ProbeInput(questions, rows, len(frozen.questions), measure(frozen.root, shown, workers))


def _evaluate(
    probe: Probe,
    train: ProbeInput,
    labels: NDArray[np.int64],
    test: ProbeInput,
    truths: Sequence[GroundTruth],
    counted: NDArray[np.bool_],
) -> ProbeResult:
    """Fit one probe on train, predict the whole test set, and score the pairs that count."""
    p = _fit(probe.features(train), labels).predict_proba(probe.features(test))[:, 1]
    correct = (p > 0.5) == np.array([truth.label == 1 for truth in truths])
    articles = np.array([truth.article_id for truth in truths])
    categories = np.array([pair.category for pair in test.questions])
    by_category = {
        str(name): clustered(correct[inside], articles[inside])
        for name in np.unique(categories[counted])
        if (inside := counted & (categories == name)).any()
    }
    probabilities = {pair.pair_id: float(value) for pair, value in zip(test.questions, p, strict=True)}
    overall = clustered(correct[counted], articles[counted])
    return ProbeResult(
        probe, overall, by_category, probabilities, examples=_surest(test.questions, p, correct & counted)
    )


def _surest(pairs: Sequence[StepPair], p: NDArray[np.float64], correct: NDArray[np.bool_]) -> tuple[str, ...]:
    """Return the pairs that a probe answers correctly and most surely, as text."""
    ranked = [n for n in np.argsort(-np.abs(p - 0.5), kind="stable") if correct[n]][:EXAMPLES]
    return tuple(f"{pairs[n].first.headline} | {pairs[n].second.headline}" for n in ranked)


def _fit(features: Any, labels: NDArray[np.int64]) -> Any:
    """Return a fitted logistic regression of scikit-learn, which ships no types."""
    from scipy.sparse import issparse
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = LogisticRegression(max_iter=2000)
    model = regression if issparse(features) else make_pipeline(StandardScaler(), regression)
    return model.fit(features, labels)
