"""The main road: a submission and a frozen set in, a result bundle out. Read this first.

    verified set -> plan of questions -> asked in a sandbox -> journal -> scores -> bundle, its checksums last

Killed at any point, `evaluate` resumes from the journal and ends in the same predictions and scores.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from harness.contract import bundle
from harness.contract.bundle import Bundle
from harness.contract.checksums import SUMS
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Latencies, PredictorStart, RunIdentity, Timings, Trust
from harness.errors import InfrastructureError, InputError, SubmissionError
from harness.records import GroundTruth, Variant
from harness.run import environment, program, vectors
from harness.run.journal import Journal, unused_journal
from harness.run.judging import SCORING_KEY, judge
from harness.run.session import Evaluation, EvaluationSession, StartedPredictor, Transcript, Watch
from harness.sandbox.base import AsksServedModel, Sandbox

LOG = "stderr.log"


def evaluate(
    evaluation: Evaluation,
    sandbox: Sandbox,
    results: Path,
    watch: Watch,
    fresh: bool = False,
    key: bytes | None = None,
) -> Bundle:
    """Evaluate one submission in one modality, or return the finished bundle of an earlier, equal run.

    A failure of the predictor ends in a bundle too, of status "failed". Any other error leaves the journal.

    Args:
        results: the folder of result bundles.
        watch: called with the progress.
        fresh: ask everything again, even if an earlier run finished.
        key: the run key of an earlier run, to ask in its order; drawn if it is None.

    Raises:
        InfrastructureError: the machine or the engine failed; the same command resumes.
        InputError: another run's result or journal lies in the way.
    """
    root = bundle.folder(results, evaluation.submission.name, evaluation.frozen, evaluation.modality)
    image, failure = _prepare(evaluation, sandbox)
    if not fresh and (finished := _finished(root, evaluation.identity(sandbox.name, image))):
        return finished
    partial, journal = _begin(root, fresh)
    session = EvaluationSession(evaluation, sandbox, image, journal, partial / LOG, watch, key=key)
    began = time.monotonic()
    if not failure:
        try:
            session.run()
        except SubmissionError as error:
            failure = str(error)
        except InfrastructureError as error:
            raise InfrastructureError(f"{error}. {_progress(session.transcript)}") from None
    watch("scoring", 0, 0)
    _write(session, failure, partial, time.monotonic() - began)
    _replace(partial, root)
    for path in (journal, session.vector_path):  # only now: until the bundle is complete, they are the only record
        path.unlink(missing_ok=True)
    return bundle.read(root)


def _progress(transcript: Transcript) -> str:
    kept = f"{len(transcript.predictions)} predictions are kept, and the same command resumes from there"
    return f"This is no fault of the submission, and is not held against it; {kept}."


def _prepare(evaluation: Evaluation, sandbox: Sandbox) -> tuple[str | None, str]:
    """Return the image's digest, and the reason why there is none if that is the submission's fault."""
    try:
        return sandbox.prepare(evaluation.submission), ""
    except SubmissionError as error:
        return None, str(error)


def _finished(root: Path, identity: RunIdentity) -> Bundle | None:
    """Return the bundle of an earlier run with the same identity; a failed one does not count, and is tried again."""
    if not (root / SUMS).is_file():
        return None
    found = bundle.read(root)
    if found.result.status == "failed":
        return None
    differs = found.result.identity.difference(identity, but="source")
    if differs:
        part, before, now = differs
        raise InputError(
            f"{root}: a finished result lies here whose {part} is {before!r}, now it is {now!r}. "
            "Name another --results folder, or replace it with --fresh."
        )
    return found


def _begin(root: Path, fresh: bool) -> tuple[Path, Path]:
    """Return the folder and the journal of the run in progress, with anything that an interrupted run left in them."""
    partial, journal = root.with_name(root.name + ".partial"), root.with_name(root.name + ".journal")
    if fresh:
        with unused_journal(journal):
            shutil.rmtree(partial, ignore_errors=True)
            journal.unlink(missing_ok=True)  # without it, the files beside it are begun again too
    try:
        partial.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{partial}: {error.strerror}; name a --results folder that can be written") from None
    (partial / LOG).touch()
    return partial, journal


def rescore(found: Bundle, frozen: FrozenSet, canaries: Mapping[str, GroundTruth]) -> Bundle:
    """Score the stored predictions under today's scoring; the new bundle replaces the old one."""
    trust = found.result.trust
    judged = judge(frozen, canaries, found.predictions, found.variants, trust)
    result = msgspec.structs.replace(found.result, scores=judged.scores, trust=judged.trust, harness=program.identity())
    partial = found.root.with_name(found.root.name + ".partial")
    shutil.copytree(found.root, partial, dirs_exist_ok=True)
    bundle.write(partial, result, judged.articles, found.predictions, found.variants, found.timings)
    _replace(partial, found.root)
    return bundle.read(found.root)


def _replace(partial: Path, root: Path) -> None:
    """Put a finished folder in the place of an older one; a kill in between leaves one of them whole."""
    old = root.with_name(root.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if root.exists():
        root.rename(old)
    partial.rename(root)
    shutil.rmtree(old, ignore_errors=True)


def _write(session: EvaluationSession, failure: str, partial: Path, wall_s: float) -> None:
    """Score the predictions and write the bundle. The predictions of a failed run are kept, unscored."""
    evaluation, transcript, frozen = session.evaluation, session.transcript, session.evaluation.frozen
    variants = [p for p in transcript.predictions if p.variant is not Variant.SCORED]
    scored = {p.pair_id: p.p_in_order for p in transcript.predictions if p.variant is Variant.SCORED}
    known = Trust(stateful=transcript.stateful, probed=evaluation.varied)
    judged = None if failure else judge(frozen, evaluation.canaries, scored, variants, known)
    result = bundle.make_result(
        frozen,
        bundle.describe_submission(evaluation.submission, session.image, session.identity.weights),
        evaluation.modality,
        evaluation.seed,
        session.sandbox.isolation(frozen.root),
        judged.trust if judged else known,
        judged.scores if judged else None,
        failure or None,
        program.identity(),
    )
    if judged and session.vector_path.exists():
        found = vectors.add_up(session.vector_path, frozen, list(scored), SCORING_KEY)
        vectors.save(found, partial)
        result = msgspec.structs.replace(result, embeddings=found.finish(SCORING_KEY))
    timings = _timings(transcript, wall_s)
    if isinstance(session.sandbox, AsksServedModel):
        result = msgspec.structs.replace(result, served=session.sandbox.served())
        timings = msgspec.structs.replace(timings, requests=session.sandbox.request_timings() or msgspec.UNSET)
    articles = judged.articles if judged else []
    where = environment.describe(transcript, session.sandbox.describe())
    bundle.write(partial, result, articles, scored, variants, timings, where, _key(session))


def _key(session: EvaluationSession) -> bytes | None:
    """Return the run key, from which the order of the questions can be repeated; None where nothing was asked."""
    if not session.journal.exists():
        return None
    with Journal(session.journal, session.identity) as journal:
        return journal.key


def _timings(transcript: Transcript, wall_s: float) -> Timings:
    """Return the times of a run. harness_share: the part of the asking time not spent waiting for the predictor."""
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    if not transcript.latencies_s or not transcript.starts:
        return Timings(finished=finished, wall_s=round(wall_s, 3))
    latencies = np.array(transcript.latencies_s)
    waited = float(latencies[transcript.starts[0].at_batch :].sum())
    asking_s = sum(start.asking_s for start in transcript.starts)
    p50, p95, p99 = (round(float(np.percentile(latencies, q)), 6) for q in (50, 95, 99))
    return Timings(
        finished=finished,
        wall_s=round(wall_s, 3),
        starts=[_start(start) for start in transcript.starts],
        batch_s=Latencies(p50=p50, p95=p95, p99=p99),
        pairs_per_s=round(len(transcript.predictions) / float(latencies.sum()), 1),
        harness_share=round(max(0.0, 1 - waited / asking_s), 4) if asking_s else None,
    )


def _start(start: StartedPredictor) -> PredictorStart:
    return PredictorStart(
        at_batch=start.at_batch, startup_s=round(start.startup_s, 3), asking_s=round(start.asking_s, 3)
    )
