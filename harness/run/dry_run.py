"""How long an evaluation would take: a few batches asked for real, and nothing kept."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.run import plan as questions
from harness.run.journal import Journal
from harness.run.session import Asking, Evaluation, Watch
from harness.sandbox.base import Sandbox


@dataclass(frozen=True)
class Estimate:
    """What a whole evaluation would take, from a rehearsal of a few batches. seconds: of one modality, start to end."""

    questions: int
    startup_s: float
    batch_s: float
    seconds: float


def rehearse(order: Evaluation, sandbox: Sandbox, watch: Watch, batches: int = 3) -> Estimate:
    """Start the predictor for real, ask a few batches, and leave nothing behind; the first, often slow, counts once.

    Raises SubmissionError where the predictor fails.
    """
    image = sandbox.prepare(order.submission)
    with tempfile.TemporaryDirectory(prefix="wikiorder-rehearsal-") as name:
        (Path(name) / "log").touch()
        journal = Path(name) / "journal"
        asking = Asking(order, sandbox, image, journal, {}, Path(name) / "log", watch, most=batches)
        asking.run()
        with Journal(journal, {}) as answered:
            size = answered.batch or 1
    passes = questions.plan(order.frozen, size, order.modality, order.probed)
    total = sum(len(p.batches) for p in passes)
    latencies, startup_s = asking.asked.latencies_s, asking.asked.starts[0].startup_s
    batch_s = median(latencies[1:] or latencies)
    seconds = startup_s * len(passes) + latencies[0] + batch_s * (total - 1)
    return Estimate(sum(len(b) for p in passes for b in p.batches), startup_s, batch_s, seconds)
