"""The result bundle: the one owner of its format, which writes it and reads it.

    <results>/<submission>/<set>-<version>-<subset>/<modality>/
      result.json         set, submission, isolation and scores: `result.Result`
      articles.jsonl      correct and asked counts per opaque article: all that ranking needs
      predictions.jsonl   pair_id, p_in_order
      probes.jsonl        pair_id, variant, p_in_order: the pairs that were asked again, in variants
      timings.json        start-up, latencies, rates: kept apart, since they differ from run to run
      environment.json    machine, versions, resources used by each predictor, seams
      run_key             the secret of the run, from which the order of the questions was drawn
      embeddings.npz      centroids and a sample of vectors, if the predictor sends any; their figures: result.json
      stderr.log          standard error of the predictor, up to a cap
      SHA256SUMS          written last, so a bundle that has it is complete

The maintainer keeps the whole bundle of a hidden set; `publication.py` makes the public bundle, which withholds
predictions and counts per article, and states a released score and the digests of the withheld files.

A failed run has a bundle too: status "failed", its reason, no scores.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from msgspec import UNSET, Meta

from harness import __version__, keyed
from harness.contract import checksums, decoding, files, protocol
from harness.contract.decoding import Record
from harness.contract.frozen_set import FrozenSet, PairId
from harness.contract.result import (
    Environment,
    Failure,
    Fraction,
    HarnessIdentity,
    Isolation,
    Result,
    Scores,
    SubmissionIdentity,
    Timings,
    Trust,
)
from harness.contract.submission import Submission
from harness.errors import InputError
from harness.records import Modality, Prediction, Variant, predicted_label

MOST = 2**31  # pairs that one article may be counted with; no sum of such counts overflows
RUN_KEY = "run_key"  # of a hidden set, this file is withheld
ENVIRONMENT = "environment.json"
ARTICLES = "articles.jsonl"  # counts of correct answers
PREDICTIONS = "predictions.jsonl"  # of the scored pairs
VARIANTS = "probes.jsonl"  # predictions for pairs asked again
CONTENTS = ("result.json", ARTICLES, PREDICTIONS, VARIANTS, "timings.json")


class ArticleCount(Record, frozen=True):
    """Pairs of one article, asked and correct. article: an opaque name, the same in every bundle of a set."""

    article: str
    category: Annotated[str, Meta(min_length=1)]
    correct: Annotated[int, Meta(ge=0, le=MOST)]
    asked: Annotated[int, Meta(ge=1, le=MOST)]

    def __post_init__(self) -> None:
        if self.correct > self.asked:
            raise ValueError(f"article {self.article}: {self.correct} correct of {self.asked} asked cannot be")


class PredictionLine(Record, frozen=True, kw_only=True):
    """One line of `predictions.jsonl`."""

    pair_id: PairId
    p_in_order: Fraction


class VariantLine(Record, frozen=True, kw_only=True):
    """One line of `probes.jsonl`."""

    pair_id: PairId
    variant: Literal["repeated", "swapped", "perturbed", "exchanged", "replaced", "blanked"]
    p_in_order: Fraction


@dataclass(frozen=True)
class Bundle:
    """A bundle read back, every digest checked."""

    root: Path
    digest: str
    result: Result
    articles: tuple[ArticleCount, ...]
    timings: Timings
    environment: Environment | None = None  # None in earlier bundles, and for predictions without a run

    @cached_property
    def predictions(self) -> dict[str, float]:
        """The probability of being in order, by pair id; read on first use, since a board of many rows needs none."""
        rows = files.read_records(self.root / PREDICTIONS, PredictionLine, to_prediction)
        return {p.pair_id: p.p_in_order for p in rows}

    @property
    def run_key(self) -> bytes | None:
        """The secret from which the order of the questions was drawn; None in earlier bundles.

        Raises:
            InputError: the file holds no key.
        """
        path = self.root / RUN_KEY
        try:
            return bytes.fromhex(path.read_text(encoding="ascii")) if path.is_file() else None
        except ValueError:
            raise InputError(f"{path}: no hexadecimal digits; evaluate again") from None

    @cached_property
    def variants(self) -> tuple[Prediction, ...]:
        """The predictions for the pairs that were asked again, in variants."""
        return tuple(files.read_records(self.root / VARIANTS, VariantLine, to_variant))


def folder(results: Path, submission: str, frozen: FrozenSet, modality: Modality) -> Path:
    """Return the folder of a run's bundle below the results folder."""
    manifest = frozen.manifest
    set_name = f"{manifest.name}-{manifest.version}-{manifest.subset}"
    return results / submission / set_name / modality.folder


def describe_submission(submission: Submission, image: str | None, weights: str | None) -> SubmissionIdentity:
    """Return a submission as a result names it. image, weights: their digests."""
    manifest = submission.manifest
    return SubmissionIdentity(
        name=manifest.name,
        title=submission.title,
        kind=manifest.kind,
        authors=list(manifest.authors),
        licence=manifest.licence,
        paper=manifest.paper,
        parameters=manifest.parameters,
        digest=submission.digest,
        image=image,
        weights=weights,
        training_data=list(manifest.training_data),
    )


def count_articles(frozen: FrozenSet, predictions: Mapping[str, float]) -> list[ArticleCount]:
    """Return counts per article, under opaque names that agree between all bundles of one set."""
    key = hashlib.sha256(f"articles of {frozen.digest}".encode()).digest()
    asked: Counter[tuple[str, str]] = Counter()
    correct: Counter[tuple[str, str]] = Counter()
    for pair, truth in zip(frozen.questions, frozen.truths, strict=True):
        if pair.pair_id in predictions:
            cell = (pair.category, keyed.token(key, "article", truth.article_id))
            asked[cell] += 1
            correct[cell] += predicted_label(predictions[pair.pair_id]) == truth.label
    return [
        ArticleCount(article, category, correct[category, article], n)
        for (category, article), n in sorted(asked.items())
    ]


def write(
    root: Path,
    result: Result,
    articles: Sequence[ArticleCount],
    predictions: Mapping[str, float],
    variants: Sequence[Prediction],
    timings: Timings,
    environment: Environment | None = None,
    run_key: bytes | None = None,
) -> str:
    """Write a bundle into `root`, which may hold stderr.log already; SHA256SUMS comes last. Return its digest.

    Args:
        predictions: the probability of each scored pair, by pair id.
        variants: the predictions for the pairs that were asked again.
        run_key: the secret from which the order of the questions was drawn.
    """
    again = sorted((p.pair_id, p.variant.value, p.p_in_order) for p in variants)
    lines = {
        ARTICLES: [decoding.json_line(count) for count in articles],
        PREDICTIONS: [_line(pair_id=pair_id, p_in_order=p) for pair_id, p in sorted(predictions.items())],
        VARIANTS: [_line(pair_id=pair_id, variant=variant, p_in_order=p) for pair_id, variant, p in again],
    }
    for name, rows in lines.items():
        files.write(root / name, "".join(rows).encode())
    files.write(root / "timings.json", decoding.json_page(timings).encode())
    if environment is not None:
        files.write(root / ENVIRONMENT, decoding.json_page(environment).encode())
    if run_key is not None:
        files.write(root / RUN_KEY, f"{run_key.hex()}\n".encode())
    files.write(root / "result.json", decoding.json_page(result).encode())
    return checksums.seal(root)


def _line(**fields: str | float) -> str:
    return decoding.json_line(fields)


def make_result(
    frozen: FrozenSet,
    submission: SubmissionIdentity,
    modality: Modality,
    seed: int,
    isolation: Isolation,
    trust: Trust,
    scores: Scores | None,
    failure: str | None,
    harness: HarnessIdentity | None = None,
) -> Result:
    """Return the result of a run: scored, or failed by the submission's fault for the reason given."""
    return Result(
        status="failed" if failure else "scored",
        failure=Failure(fault="submission", reason=failure) if failure else None,
        set=frozen.identity,
        submission=submission,
        modality=modality,
        protocol=protocol.VERSION,
        seed=seed,
        harness=harness or HarnessIdentity(version=__version__),
        isolation=isolation,
        trust=trust,
        scores=scores,
    )


def read(root: Path) -> Bundle:
    """Read a bundle after checking every digest.

    Raises:
        InputError: a file is altered, missing or extra, or does not follow the format; the message names it.
    """
    digest = checksums.require(root, "Wanted the bundle as `wikiorder evaluate` wrote it: evaluate again.")
    if not (root / "result.json").is_file():
        raise InputError(f"{root}: no result.json in it, so it is no result bundle; evaluate again")
    result = decoding.decode(Result, files.content(root / "result.json"), str(root / "result.json"))
    withheld = {} if result.withheld is UNSET else result.withheld
    for name in CONTENTS:
        if name not in withheld and not (root / name).is_file():
            raise InputError(f"{root}: no {name} in it, so it is no result bundle; evaluate again")
    timings = decoding.decode(Timings, files.content(root / "timings.json"), str(root / "timings.json"))
    counted = ARTICLES not in withheld
    articles = tuple(files.read_records(root / ARTICLES, ArticleCount, lambda count: count)) if counted else ()
    return Bundle(root, digest, result, articles, timings, _read_environment(root / ENVIRONMENT))


def _read_environment(path: Path) -> Environment | None:
    return decoding.decode(Environment, path.read_bytes(), str(path)) if path.is_file() else None


def to_prediction(line: PredictionLine) -> Prediction:
    """Return the prediction of one line of `predictions.jsonl`."""
    return Prediction(line.pair_id, line.p_in_order)


def to_variant(line: VariantLine) -> Prediction:
    """Return the prediction of one line of `probes.jsonl`."""
    return Prediction(line.pair_id, line.p_in_order, Variant(line.variant))
