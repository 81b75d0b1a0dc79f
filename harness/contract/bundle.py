"""The result bundle: the one owner of its format, which writes it and reads it.

    <results>/<submission>/<set>-<version>-<subset>/<modality>/
      result.json         who was asked what, under which isolation, and the scores: schemas/result.schema.json
      articles.jsonl      correct and asked counts per opaque article: all that ranking needs
      predictions.jsonl   pair_id, p_in_order
      probes.jsonl        pair_id, variant, p_in_order: what the second pass asked again
      timings.json        start-up, latencies, rates: apart, since they differ from run to run
      environment.json    machine, versions, what each predictor used, where another took over
      embeddings.npz      centroids and a sample of vectors, if the predictor sends any; their figures: result.json
      stderr.log          what the predictor printed, up to a cap
      SHA256SUMS          written last, so present means finished

Of a hidden set, the maintainer keeps that whole; `publish` makes the public bundle, which withholds what was answered
pair by pair and states its digests. Counts per article are enough to rank.

A failed run has a bundle too: status "failed", its reason, no scores.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import __version__, keyed
from harness.contract import checksums, files, protocol, schema
from harness.contract.frozen_set import FrozenSet
from harness.contract.submission import Submission
from harness.errors import InputError
from harness.records import Modality, Prediction
from harness.run.plan import VARIANT_MARK, Variant

FORMAT = 1
MOST = 2**31  # pairs that one article may be counted with; no sum of such counts overflows
WITHHELD = ("predictions.jsonl", "probes.jsonl", "stderr.log", "embeddings.npz")  # of a hidden set: told pair by pair
ENVIRONMENT = "environment.json"
CONTENTS = ("result.json", "articles.jsonl", "predictions.jsonl", "probes.jsonl", "timings.json")


@dataclass(frozen=True, slots=True)
class ArticleCount:
    """Pairs of one article asked and answered rightly. article: an opaque name, the same in every bundle of a set."""

    article: str
    category: str
    correct: int
    asked: int

    def __post_init__(self) -> None:
        if not (isinstance(self.article, str) and isinstance(self.category, str) and self.category):
            raise ValueError(f"an article needs a name and a category, found {self.article!r} and {self.category!r}")
        if type(self.correct) is not int or type(self.asked) is not int:
            raise ValueError(f"article {self.article}: counts must be whole numbers")
        if not 0 <= self.correct <= self.asked <= MOST or self.asked < 1:
            raise ValueError(f"article {self.article}: {self.correct} correct of {self.asked} asked cannot be")


@dataclass(frozen=True)
class Bundle:
    """A bundle read back, every digest checked."""

    root: Path
    digest: str
    result: dict[str, Any]
    articles: tuple[ArticleCount, ...]
    timings: dict[str, Any]
    environment: dict[str, Any] | None = None  # of earlier bundles, and of predictions without a run

    @cached_property
    def predictions(self) -> dict[str, float]:
        """Probability in order, by pair id: read when first asked for, since a board of many rows does without."""
        rows = files.read_records(self.root / "predictions.jsonl", "prediction", _read_prediction)
        return {p.pair_id: p.p_in_order for p in rows}

    @cached_property
    def probes(self) -> tuple[Prediction, ...]:
        """Answers of the second pass, named "<pair id>:<variant>"."""
        return tuple(files.read_records(self.root / "probes.jsonl", "probe", _read_probe))


def folder(results: Path, submission: str, frozen: FrozenSet, modality: Modality) -> Path:
    """Where the bundle of a run belongs below the results folder."""
    manifest = frozen.manifest
    set_name = f"{manifest.name}-{manifest.version}-{manifest.subset}"
    return results / submission / set_name / modality.value.replace("+", "_")


def describe_set(frozen: FrozenSet) -> dict[str, Any]:
    manifest = frozen.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "subset": manifest.subset,
        "digest": frozen.digest,
        "visibility": manifest.visibility,
        "pairs": len(frozen.questions),
    }


def describe_submission(submission: Submission, image: str | None, weights: str | None) -> dict[str, Any]:
    return {
        "name": submission.name,
        "title": submission.title,
        "kind": submission.kind,
        "authors": list(submission.authors),
        "licence": submission.licence,
        "paper": submission.paper,
        "parameters": submission.parameters,
        "digest": submission.digest,
        "image": image,
        "weights": weights,
        "training_data": list(submission.training_data),
    }


def count_articles(frozen: FrozenSet, predictions: Mapping[str, float]) -> list[ArticleCount]:
    """Counts per article, under names that tell nothing of the article but agree between bundles of one set."""
    key = hashlib.sha256(f"articles of {frozen.digest}".encode()).digest()
    asked: Counter[tuple[str, str]] = Counter()
    correct: Counter[tuple[str, str]] = Counter()
    for pair, answer in zip(frozen.questions, frozen.truths, strict=True):
        if pair.pair_id in predictions:
            cell = (pair.category, keyed.token(key, "article", answer.article_id))
            asked[cell] += 1
            correct[cell] += Prediction(pair.pair_id, predictions[pair.pair_id]).label == answer.label
    return [
        ArticleCount(article, category, correct[category, article], n)
        for (category, article), n in sorted(asked.items())
    ]


def write(
    root: Path,
    result: Mapping[str, Any],
    articles: Sequence[ArticleCount],
    predictions: Mapping[str, float],
    probes: Sequence[Prediction],
    timings: Mapping[str, Any],
    environment: Mapping[str, Any] | None = None,
) -> str:
    """Write a bundle into `root`, where stderr.log may lie already; SHA256SUMS comes last. Returns its digest.

    predictions: by pair id. probes: named "<pair id>:<variant>", as the plan's questions are.
    """
    schema.check(result, "result", "result.json")
    lines = [files.json_line({"pair_id": pair_id, "p_in_order": p}) for pair_id, p in sorted(predictions.items())]
    asked = sorted((*probe.pair_id.split(":"), probe.p_in_order) for probe in probes)
    probed = [files.json_line({"pair_id": pair_id, "variant": v, "p_in_order": p}) for pair_id, v, p in asked]
    counts = [
        files.json_line({"article": a.article, "category": a.category, "correct": a.correct, "asked": a.asked})
        for a in articles
    ]
    files.write(root / "articles.jsonl", "".join(counts).encode())
    files.write(root / "predictions.jsonl", "".join(lines).encode())
    files.write(root / "probes.jsonl", "".join(probed).encode())
    files.write(root / "timings.json", files.json_page(timings).encode())
    if environment is not None:
        schema.check(environment, "environment", ENVIRONMENT)
        files.write(root / ENVIRONMENT, files.json_page(environment).encode())
    files.write(root / "result.json", files.json_page(result).encode())
    return checksums.seal(root)


def result_json(
    frozen: FrozenSet,
    submission: Mapping[str, Any],
    modality: Modality,
    seed: int,
    isolation: Mapping[str, Any],
    trust: Mapping[str, Any],
    scores: Mapping[str, Any] | None,
    failure: str | None,
) -> dict[str, Any]:
    """result.json of a run: scored, or failed by the submission's fault for the reason given."""
    return {
        "format": FORMAT,
        "status": "failed" if failure else "scored",
        "failure": {"fault": "submission", "reason": failure} if failure else None,
        "set": describe_set(frozen),
        "submission": dict(submission),
        "modality": modality.value,
        "protocol": protocol.VERSION,
        "seed": seed,
        "harness": {"version": __version__},
        "isolation": dict(isolation),
        "trust": dict(trust),
        "scores": scores,
    }


def publish(found: Bundle, root: Path) -> Bundle:
    """Write the public bundle of a hidden set's result into a new folder."""
    if found.result["set"]["visibility"] != "hidden":
        raise InputError(f"{found.root}: answers a public set, so there is nothing to withhold; it is public as it is")
    if root.exists():
        raise InputError(f"{root}: exists already; name another folder")
    withheld = {name: files.sha256(found.root / name) for name in WITHHELD if (found.root / name).is_file()}
    root.mkdir(parents=True)
    for name in checksums.names(found.root):
        if name not in WITHHELD:
            shutil.copyfile(found.root / name, root / name)
    files.write(root / "result.json", files.json_page(found.result | {"withheld": withheld}).encode())
    checksums.seal(root)
    return read(root)


def identity(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a finished result depends on, under the names that `pipeline.identify` gives it."""
    about = result["submission"]
    return {
        "set": result["set"]["digest"],
        "submission": about["digest"],
        "image": about["image"],
        "weights": about["weights"],
        "modality": result["modality"],
        "protocol": result["protocol"],
        "seed": result["seed"],
        "probed": result["trust"]["probed"],
        "sandbox": result["isolation"]["sandbox"],
        "harness": result["harness"]["version"],
    }


def read(root: Path) -> Bundle:
    """Read a bundle after checking every digest; an InputError names what is wrong with it."""
    digest = checksums.require(root, "Wanted the bundle as `wikiorder evaluate` wrote it: evaluate again.")
    if not (root / "result.json").is_file():
        raise InputError(f"{root}: no result.json in it, so it is no result bundle; evaluate again")
    result = files.parse_object((root / "result.json").read_bytes(), str(root / "result.json"))
    schema.check(result, "result", str(root / "result.json"))
    for name in CONTENTS:
        if name not in result.get("withheld", {}) and not (root / name).is_file():
            raise InputError(f"{root}: no {name} in it, so it is no result bundle; evaluate again")
    timings = files.parse_object((root / "timings.json").read_bytes(), str(root / "timings.json"))
    articles = tuple(files.read_records(root / "articles.jsonl", "article_count", _read_count))
    return Bundle(root, digest, result, articles, timings, _read_environment(root / ENVIRONMENT))


def _read_environment(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    environment = files.parse_object(path.read_bytes(), str(path))
    schema.check(environment, "environment", str(path))
    return environment


def _read_count(row: dict[str, Any]) -> ArticleCount:
    return ArticleCount(row["article"], row["category"], row["correct"], row["asked"])


def _read_probe(row: dict[str, Any]) -> Prediction:
    pair_id, variant = row["pair_id"], Variant(row["variant"])
    if not isinstance(pair_id, str) or VARIANT_MARK in pair_id:
        raise ValueError(f"{str(pair_id)[:80]!r} is no pair's id")
    return Prediction(f"{pair_id}{VARIANT_MARK}{variant}", row["p_in_order"])


def _read_prediction(row: dict[str, Any]) -> Prediction:
    return Prediction(row["pair_id"], row["p_in_order"])
