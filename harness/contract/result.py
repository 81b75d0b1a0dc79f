"""The result of one evaluation: every field of `result.json`, `timings.json` and `environment.json`, typed.

`bundle.py` writes and reads the files. Accuracies and probabilities are fractions in [0, 1]; an interval is a 95 %
interval clustered by article, and `None` at both ends where too few articles allow none.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from harness.contract.decoding import Record
from harness.records import Modality

FORMAT: Literal[1] = 1

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Signed = Annotated[float, Meta(ge=-1, le=1)]
Cosine = Annotated[float, Meta(ge=-1.000001, le=1.000001)]  # rounding may pass one
NonNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]

Visibility = Literal["public", "hidden"]
Kind = Literal["model", "control"]
SandboxName = Literal["docker", "process", "endpoint", "none"]
Destination = Literal["loopback", "named host", "third party"]  # where the questions of a served model went
Status = Literal["scored", "failed"]
Fault = Literal["submission", "infrastructure"]


class Estimate(Record, frozen=True, kw_only=True):
    """A value with its interval: `low` and `high` are both numbers, or both `None`."""

    value: float
    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"an interval has two ends or none, found {self.low} and {self.high}")


class AccuracyEstimate(Estimate, frozen=True, kw_only=True):
    """An accuracy: value and ends in [0, 1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for number in (self.value, self.low, self.high):
            if number is not None and not 0 <= number <= 1:
                raise ValueError(f"an accuracy and its interval lie in [0, 1], found {number}")


class PooledAccuracy(AccuracyEstimate, frozen=True, kw_only=True):
    """The micro accuracy, over `pairs` pairs."""

    pairs: Count


class GroupAccuracy(AccuracyEstimate, frozen=True, kw_only=True):
    """The accuracy on one group of pairs, such as the value of a stratum; `method` names how the interval was made."""

    pairs: Count
    articles: Count
    method: str


class CategoryAccuracy(GroupAccuracy, frozen=True, kw_only=True):
    """The accuracy on one category (eq. 4); `wilson` is the naive interval that takes pairs as independent."""

    wilson: tuple[Fraction, Fraction]


class Accuracy(Record, frozen=True, kw_only=True):
    """Accuracy per category, their mean (`macro`, the headline) and over all pairs (`micro`)."""

    macro: AccuracyEstimate
    micro: PooledAccuracy
    categories: dict[str, CategoryAccuracy]


class MacroPrecision(Record, frozen=True, kw_only=True):
    """Clustered standard error of the macro accuracy, and the smallest difference found with power 0.8."""

    standard_error: NonNegative | None
    resolvable_difference: NonNegative | None


class CategoryPrecision(MacroPrecision, frozen=True, kw_only=True):
    """The same for one category, with its design effect and the number of independent pairs it is worth."""

    design_effect: NonNegative | None
    effective_pairs: NonNegative | None


class Precision(Record, frozen=True, kw_only=True):
    """How much the set can tell about this result (`statistics/scoring.py`)."""

    macro: MacroPrecision
    categories: dict[str, CategoryPrecision]


class ReliabilityBin(Record, frozen=True, kw_only=True):
    """One bin of the reliability curve: mean stated probability and observed share in order."""

    stated: Fraction
    observed: Fraction
    pairs: Count


class Calibration(Record, frozen=True, kw_only=True):
    """How well the stated probabilities match (`statistics/trust.py`)."""

    brier: Fraction
    log_loss: NonNegative
    expected_calibration_error: Fraction
    predicted_in_order: Fraction
    reliability: Annotated[list[ReliabilityBin], Meta(max_length=100)]


class Transitivity(Record, frozen=True, kw_only=True):
    """Triads of steps of one article with all three pairs asked, and those answered as a cycle."""

    triads: Count
    cyclic: Count


Strata = dict[str, dict[str, GroupAccuracy]]  # stratum: value: accuracy


class Scores(Record, frozen=True, kw_only=True):
    """Every score of one result. Only `accuracy` is present in results made by the earliest releases."""

    accuracy: Accuracy
    precision: Precision | None = None
    calibration: Calibration | None = None
    strata: Strata | None = None
    transitivity: Transitivity | None = None


class CanaryVerdict(Record, frozen=True, kw_only=True):
    """Agreement with the canaries' recorded labels; `alarm`: more than chance allows an honest submission.

    A public bundle states `alarm` alone: each count would tell a submission about recorded labels.
    """

    alarm: bool
    asked: Count | UnsetType = UNSET
    agreements: Count | UnsetType = UNSET
    p: Fraction | UnsetType = UNSET


class Trust(Record, frozen=True, kw_only=True):
    """How far a result can be trusted, from the variants of `probed` pairs (`statistics/trust.py`).

    Consistencies are fractions of the pairs asked again; drops are differences of accuracy in [-1, 1]. `None` where the
    variant was not asked. `stateful`: the predictor answered the same question differently after a restart.
    """

    stateful: bool
    probed: Count
    p_predict_1: Fraction | None = None
    self_consistency: Fraction | None = None
    swap_consistency: Fraction | None = None
    both_orders_accuracy: Fraction | None = None
    perturbation_drop: Signed | None = None
    exchanged_pictures_drop: Signed | None = None
    replaced_pictures_drop: Signed | UnsetType | None = UNSET
    blanked_pictures_drop: Signed | UnsetType | None = UNSET  # of earlier releases
    canaries: CanaryVerdict | UnsetType = UNSET


class ImageAndText(Record, frozen=True, kw_only=True):
    """One number for pictures and one for texts."""

    image: float | None
    text: float | None


class CorrectedGap(Record, frozen=True, kw_only=True):
    """The modality gap with the finite-sample bias taken off; `None` where there are too few articles."""

    value: NonNegative | None
    low: NonNegative | None
    high: NonNegative | None


class GapFigures(Record, frozen=True, kw_only=True):
    """The modality gap as geometry, over one group of articles (`statistics/embedding_gap.py` defines each figure)."""

    gap: NonNegative
    gap_corrected: CorrectedGap
    centroid_norms: ImageAndText
    centroid_cosine: Cosine | None
    mean_cosine_within: ImageAndText
    paired_distance: NonNegative
    alignment: float
    rmg: float | None
    images: Count
    pairs: Count
    articles: Count
    separability: Fraction | None
    uniformity: ImageAndText | None = None


class EmbeddingGap(Record, frozen=True, kw_only=True):
    """The geometric gap over all articles and per category."""

    all: GapFigures
    categories: dict[str, GapFigures]


class SetIdentity(Record, frozen=True, kw_only=True):
    """The frozen set that was asked."""

    name: str
    version: str
    subset: str
    digest: Digest
    visibility: Visibility
    pairs: Positive

    @property
    def title(self) -> str:
        """Name, version and subset, as people read them."""
        return f"{self.name} {self.version} {self.subset}"


class SubmissionIdentity(Record, frozen=True, kw_only=True):
    """The submission that was evaluated: its manifest, and the digests of its folder, image and weights."""

    name: Name
    title: str
    kind: Kind
    authors: list[str]
    licence: str
    paper: str | None
    parameters: int | None
    digest: Digest
    image: str | None
    weights: str | None
    training_data: list[str]


class HarnessIdentity(Record, frozen=True, kw_only=True):
    """The program that ran and scored the evaluation. source: the digest of its modules; absent in earlier results."""

    version: str
    source: Digest | UnsetType = UNSET


class Isolation(Record, frozen=True, kw_only=True):
    """The barriers between the predictor and the ground truth. `isolated`: no known way led to it.

    `runtime`: the container runtime that was asked for, such as "runsc"; absent for the engine's own.
    """

    sandbox: SandboxName
    isolated: bool
    covers: tuple[str, ...]
    exposes: tuple[str, ...]
    runtime: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET


class AnswerCounts(Record, frozen=True, kw_only=True):
    """Answers of a served model, by how they were read. An unreadable or refused answer counts as probability 0.5."""

    log_probabilities: Count
    text: Count
    unreadable: Count
    refused: Count


class PictureBound(Record, frozen=True, kw_only=True):
    """The largest picture that is sent to a served model: pixels of the longer side, and bytes of the file."""

    side: Positive
    bytes: Positive


class DecodingSettings(Record, frozen=True, kw_only=True):
    """How a served model was asked to answer. `temperature` and `max_tokens` are `None` where the server decides."""

    temperature: NonNegative | None
    max_tokens: Positive | None
    samples: Positive
    top_logprobs: Count  # 0: the server sends no log-probabilities, so the text was read
    parameters: dict[str, str | int | float | bool]


class ServedModel(Record, frozen=True, kw_only=True):
    """A model that the harness asked behind an endpoint, and the settings of its questions.

    `server` is the server's description of itself; `prompt_tokens` and `completion_tokens` are the server's counts.
    """

    endpoint: str
    destination: Destination
    model: str
    revision: str | None
    served_by: str
    prompt_version: str
    prompt: Digest
    decoding: DecodingSettings
    pictures: PictureBound
    server: dict[str, str]
    answers: AnswerCounts
    prompt_tokens: Count
    completion_tokens: Count
    cost: NonNegative | None = None  # in the currency of the prices that were given


class Failure(Record, frozen=True, kw_only=True):
    """Why a run failed, by the submission's fault."""

    fault: Literal["submission"]
    reason: Annotated[str, Meta(max_length=2000)]


class ReleasedScore(Record, frozen=True, kw_only=True):
    """The macro accuracy that a public bundle of a hidden set states, as the ledger released it (`ledger.py`).

    `step`: the resolution to which it is rounded. `improved`: whether it is a new score of the team, or its best again.
    """

    value: Fraction
    step: Fraction
    improved: bool
    team: Name


class Result(Record, frozen=True, kw_only=True):
    """`result.json`: a scored run, or a failed one with its reason and no scores.

    The public bundle of a hidden set has `released` in place of `scores`.
    """

    format: Literal[1] = FORMAT
    status: Status
    failure: Failure | None
    set: SetIdentity
    submission: SubmissionIdentity
    modality: Modality
    protocol: Literal[1]
    seed: int
    harness: HarnessIdentity
    isolation: Isolation
    trust: Trust
    scores: Scores | None
    embeddings: EmbeddingGap | UnsetType = UNSET
    released: ReleasedScore | UnsetType = UNSET
    served: ServedModel | UnsetType = UNSET  # absent where a submission's own program answered
    withheld: dict[str, Digest] | UnsetType = UNSET  # files that a public bundle of a hidden set leaves out

    def __post_init__(self) -> None:
        scored = self.status == "scored"
        has_score = self.scores is not None or self.released is not UNSET
        if self.scores is not None and self.released is not UNSET:
            raise ValueError("a result has scores or a released score, not both")
        if scored != has_score or scored != (self.failure is None):
            raise ValueError(f"a run that is {self.status} has {'scores' if scored else 'a failure'} and nothing else")

    @property
    def identity(self) -> RunIdentity:
        """Everything that the predictions depend on."""
        return RunIdentity(
            set=self.set.digest,
            submission=self.submission.digest,
            image=self.submission.image,
            weights=self.submission.weights,
            modality=self.modality,
            protocol=self.protocol,
            seed=self.seed,
            probed=self.trust.probed,
            sandbox=self.isolation.sandbox,
            harness=self.harness.version,
            source=self.harness.source,
        )


class RunIdentity(Record, frozen=True, kw_only=True):
    """Everything that the predictions of a run depend on. Only a run with the same identity may resume it."""

    set: Digest
    submission: Digest
    image: str | None
    weights: str | None
    modality: Modality
    protocol: int
    seed: int
    probed: int
    sandbox: str
    harness: str
    source: Digest | UnsetType = UNSET  # of the harness; absent in earlier results and journals

    def difference(self, other: RunIdentity, but: str = "") -> tuple[str, object, object] | None:
        """Return the first field that differs, with both values; `None` where the two are equal.

        Args:
            but: a field that may differ.
        """
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs and name != but:
                return name, mine, theirs
        return None


class PredictorStart(Record, frozen=True, kw_only=True):
    """One start of a predictor: batches answered before it, seconds until it was ready, seconds of asking."""

    at_batch: Count
    startup_s: NonNegative
    asking_s: NonNegative


class Latencies(Record, frozen=True, kw_only=True):
    """Percentiles of the seconds from a request to its reply."""

    p50: NonNegative
    p95: NonNegative
    p99: NonNegative


class RequestTimings(Record, frozen=True, kw_only=True):
    """Requests to the server of a served model in the last run: seconds per request, and requests sent again."""

    sent: Count
    sent_again: Count
    request_s: Latencies


class Timings(Record, frozen=True, kw_only=True):
    """`timings.json`: when a run ended and how long it took. `harness_share`: asking time not spent waiting."""

    finished: str | UnsetType = UNSET  # ISO 8601, UTC
    wall_s: NonNegative | UnsetType = UNSET
    starts: list[PredictorStart] | UnsetType = UNSET
    batch_s: Latencies | UnsetType = UNSET
    pairs_per_s: NonNegative | UnsetType = UNSET
    harness_share: Fraction | UnsetType | None = UNSET
    requests: RequestTimings | UnsetType = UNSET


class Machine(Record, frozen=True, kw_only=True):
    """The machine of a run, as its kernel and driver describe it."""

    system: str
    kernel: str
    architecture: str
    processor: str
    cpus: Positive
    memory_bytes: Positive
    python: str
    gpus: list[str]
    gpu_driver: str | None


class PredictorUsage(Record, frozen=True, kw_only=True):
    """Resources that one started predictor used; `None` where nothing here counts them."""

    at_batch: Count
    wall_s: NonNegative
    peak_memory_bytes: Count | None
    cpu_s: NonNegative | None
    throttled_periods: Count | None
    throttled_s: NonNegative | None
    out_of_memory: Count | None


class Seam(Record, frozen=True, kw_only=True):
    """A restart of the predictor: after how many batches, whose fault ended the one before, and why."""

    at_batch: Count
    fault: Fault
    reason: Annotated[str, Meta(max_length=1000)]


ShortText = Annotated[str, Meta(max_length=100)]


class Environment(Record, frozen=True, kw_only=True):
    """`environment.json`: where a run was made and the resources it used, as observed by the harness."""

    format: Literal[1] = FORMAT
    machine: Machine
    sandbox: str
    packages: dict[str, str]
    predictors: list[PredictorUsage]
    seams: list[Seam]
    libraries: Annotated[dict[str, ShortText], Meta(max_length=32)] = field(name="said_by_submission")
