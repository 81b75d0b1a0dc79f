"""A dry run: a few batches asked for real to estimate the time of a whole evaluation. Nothing is kept."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.run import plan
from harness.run.journal import Journal
from harness.run.session import Evaluation, EvaluationSession, Watch
from harness.sandbox.base import Sandbox


@dataclass(frozen=True)
class DryRun:
    """The estimated cost of a whole evaluation. seconds: of one modality, from start to end."""

    questions: int
    startup_s: float
    batch_s: float
    seconds: float


def dry_run(evaluation: Evaluation, sandbox: Sandbox, watch: Watch, batches: int = 3) -> DryRun:
    """Start the predictor, ask a few batches, and extrapolate; the first batch, often slow, counts once.

    Raises:
        SubmissionError: the predictor failed.
    """
    image = sandbox.prepare(evaluation.submission)
    with tempfile.TemporaryDirectory(prefix="wikiorder-dry-run-") as name:
        (Path(name) / "log").touch()
        journal = Path(name) / "journal"
        session = EvaluationSession(evaluation, sandbox, image, journal, Path(name) / "log", watch, most=batches)
        session.run()
        with Journal(journal, session.identity) as answered:
            size = answered.batch_size or 1
    passes = plan.plan(evaluation.frozen, size, evaluation.modality, evaluation.varied, b"dry run")
    total = sum(len(p.batches) for p in passes)
    latencies, startup_s = session.transcript.latencies_s, session.transcript.starts[0].startup_s
    batch_s = median(latencies[1:] or latencies)
    seconds = startup_s * len(passes) + latencies[0] + batch_s * (total - 1)
    return DryRun(sum(len(b) for p in passes for b in p.batches), startup_s, batch_s, seconds)
