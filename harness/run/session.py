"""The session of one evaluation: all questions of both passes are asked, across restarts of the predictor."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from harness.contract import protocol
from harness.contract.frozen_set import FrozenSet
from harness.contract.protocol import Hello
from harness.contract.result import Fault, RunIdentity, Seam
from harness.contract.submission import Submission, folder_digest
from harness.errors import InfrastructureError, SubmissionError
from harness.records import GroundTruth, Modality, Prediction, Variant
from harness.run import plan, program
from harness.run.conversation import Conversation, request_id
from harness.run.exchange import Exchange
from harness.run.journal import Journal
from harness.run.plan import Pass
from harness.run.vectors import VectorFile
from harness.sandbox import lease
from harness.sandbox.base import Launch, Limits, RunningPredictor, Sandbox
from harness.sandbox.channel import PredictorEndedError
from harness.sandbox.evidence import ResourceUsage

SAME = 1e-3  # probabilities that differ by less are the same: other batch shapes move sums in the seventh digit
LAST_WORDS = 200  # characters of the predictor's log that a failure quotes
LONGEST_REASON = 1000  # characters of a seam's reason
RESTARTS = 1  # a predictor may die once: a driver fault should not cost a night, a habit of dying should
RETRIES = 1  # so may the machine or the engine, for another reason
PAUSE_S = 5.0  # an engine takes about as long to come back

Watch = Callable[[str, int, int], None]  # (phase, questions done, questions in all)


@dataclass(frozen=True)
class Evaluation:
    """One submission, to be asked about one set in one modality, under limits.

    varied: the number of pairs that are asked again in each variant, of another predictor than their pair was.
    canaries: the ground truth recorded for the canaries of a hidden set, by pair id.
    """

    submission: Submission
    frozen: FrozenSet
    modality: Modality
    seed: int
    weights: Path | None
    limits: Limits
    varied: int
    canaries: Mapping[str, GroundTruth] = field(default_factory=dict)

    def launch(self, image: str | None, exchange: Path, log: Path) -> Launch:
        """Return everything that starting a predictor needs. exchange: the folder of its pictures."""
        secret = self.frozen.root.resolve()
        return Launch(self.submission, image, exchange, self.weights, secret, log, self.limits)

    def identity(self, sandbox: str, image: str | None) -> RunIdentity:
        """Return everything that the predictions depend on. image: the digest of the submission's image."""
        return RunIdentity(
            set=self.frozen.digest,
            submission=self.submission.digest,
            image=image,
            weights=folder_digest(self.weights) if self.weights else None,
            modality=self.modality,
            protocol=protocol.VERSION,
            seed=self.seed,
            probed=self.varied,
            sandbox=sandbox,
            harness=program.identity().version,
            source=program.identity().source,
        )


@dataclass(frozen=True)
class StartedPredictor:
    """One start of a predictor: batches answered before it, seconds until it was ready, seconds of asking, its use."""

    at_batch: int
    startup_s: float
    asking_s: float
    usage: ResourceUsage


@dataclass
class Transcript:
    """Everything that the predictors answered so far.

    latencies_s: by batch of the plan. stateful: asked the same question again, a predictor answered differently.
    libraries: names and versions, as the predictor states them.
    """

    predictions: list[Prediction] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    starts: list[StartedPredictor] = field(default_factory=list)
    seams: list[Seam] = field(default_factory=list)
    stateful: bool = False
    libraries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluationSession:
    """Asks the questions of one evaluation and journals the replies."""

    evaluation: Evaluation
    sandbox: Sandbox
    image: str | None
    journal: Path
    log: Path
    watch: Watch
    transcript: Transcript = field(default_factory=Transcript)
    pause_s: float = PAUSE_S
    most: int | None = None  # batches of the first pass, for a dry run that stops there
    key: bytes | None = None  # the run key of an earlier run, to repeat its order; drawn if it is None
    _plans: dict[int, tuple[Pass, ...]] = field(default_factory=dict)  # by batch size

    @property
    def identity(self) -> RunIdentity:
        return self.evaluation.identity(self.sandbox.name, self.image)

    @property
    def vector_path(self) -> Path:
        """The file that holds the predictor's vectors until the run is over."""
        return self.journal.with_suffix(".vectors")

    def run(self) -> None:
        """Ask everything that the journal does not hold yet, each pass of a freshly started predictor.

        A predictor that dies is started once more and asked the rest. So it is when the machine or the engine fails,
        without counting against the submission.

        Raises:
            SubmissionError: the predictor failed.
            InfrastructureError: the machine or the engine failed again; the journal keeps every reply.
        """
        number, left = 1, {"submission": RESTARTS, "infrastructure": RETRIES}
        while number in plan.PASSES and (number == 1 or self.most is None):
            try:
                self._ask_pass(number)
                number += 1
            except (PredictorEndedError, InfrastructureError, OSError) as error:
                fault: Fault = "submission" if isinstance(error, PredictorEndedError) else "infrastructure"
                left[fault] -= 1
                if left[fault] < 0:
                    if isinstance(error, OSError):
                        raise InfrastructureError(_reason(error)) from None
                    raise
                reason = _reason(error)[:LONGEST_REASON]
                at_batch = len(self.transcript.latencies_s)
                self.transcript.seams.append(Seam(at_batch=at_batch, fault=fault, reason=reason))
                time.sleep(self.pause_s if fault == "infrastructure" else 0)

    def _plan(self, journal: Journal) -> tuple[Pass, ...]:
        """Return the passes, none before the batch size is settled. Kept, since 33,000 pairs take half a second."""
        evaluation, size = self.evaluation, journal.batch_size
        if size and size not in self._plans:
            self._plans[size] = plan.plan(evaluation.frozen, size, evaluation.modality, evaluation.varied, journal.key)
        return self._plans[size] if size else ()

    def _ask_pass(self, number: int) -> None:
        """Ask the rest of one pass. The journal is opened anew, which drops a line that an error has cut short."""
        with Journal(self.journal, self.identity, self.key) as journal:
            try:
                passes = self._plan(journal)
                left = not passes or len(journal.batches) < sum(len(p.batches) for p in passes[:number])
                if left and (not passes or number <= len(passes)):
                    self._ask_fresh(number, journal)
            finally:
                self.transcript.predictions = [p for batch in journal.batches for p in batch.predictions]
                self.transcript.latencies_s = [batch.seconds for batch in journal.batches]

    def _ask_fresh(self, number: int, journal: Journal) -> None:
        """Start a predictor and ask it the rest of one pass, the last journaled batch once more."""
        evaluation, answered = self.evaluation, len(journal.batches)
        with lease.folder("exchange", os.getpid(), in_memory=True) as folder:
            folder.chmod(0o755)  # the predictor is another user; its view is read-only
            launch = evaluation.launch(self.image, folder, self.log)
            self.watch("starting", 0, 0)
            began = ready = time.monotonic()
            with self.sandbox.open(launch) as predictor:
                try:
                    talk = Conversation(predictor, evaluation.frozen, evaluation.modality, evaluation.limits)
                    request = request_id(journal.key, f"initialize {number} {len(self.transcript.starts)}")
                    hello = talk.greet(evaluation.seed, evaluation.submission.resources.batch, request=request)
                    journal.agree_on(hello.batch)
                    self.transcript.libraries = hello.libraries
                    kept = self._keep_vectors(hello, journal)
                    ready = time.monotonic()
                    self._ask_batches(talk, folder, journal, number, kept)
                except SubmissionError as error:
                    self._note(predictor, answered, began, ready)
                    raise _blame(error, predictor, self.log) from None
                self._note(predictor, answered, began, ready)

    def _note(self, predictor: RunningPredictor, at_batch: int, began: float, ready: float) -> None:
        asking_s = time.monotonic() - ready if ready > began else 0.0
        self.transcript.starts.append(StartedPredictor(at_batch, max(ready - began, 0.0), asking_s, predictor.usage()))

    def _keep_vectors(self, hello: Hello, journal: Journal) -> VectorFile | None:
        """Return the file for the vectors of scored pairs, if the predictor sends any; it may not change its mind."""
        if hello.embeddings and self.evaluation.modality is Modality.VISION_TEXT:
            scored = [p for batch in journal.batches for p in batch.predictions if p.variant is Variant.SCORED]
            return VectorFile(self.vector_path, len(scored))
        if journal.batches and self.vector_path.exists():
            raise SubmissionError("does not declare `embeddings`, and did when it was started before")
        self.vector_path.unlink(missing_ok=True)
        return None

    def _ask_batches(
        self, conversation: Conversation, folder: Path, journal: Journal, number: int, kept: VectorFile | None
    ) -> None:
        """Ask one pass from where the journal ends. Batches are counted over both passes."""
        passes = self._plan(journal)
        batches = [batch for p in passes for batch in p.batches]
        first = sum(len(p.batches) for p in passes[: number - 1])
        end = first + len(passes[number - 1].batches[: self.most])
        again = len(journal.batches) - 1
        left = [(index, batches[index]) for index in range(max(first, again), end)]
        total, began = sum(map(len, batches)), time.monotonic()
        with (
            Exchange(folder, 2 * (journal.batch_size or 0), journal.key) as exchange,
            closing(conversation.ask(left, exchange, embeddings=kept is not None)) as outcomes,
        ):
            for outcome in outcomes:
                if outcome.number == again:
                    before = journal.batches[again].predictions
                    self.transcript.stateful |= not _agree(before, outcome.batch.predictions)
                else:
                    if kept is not None and outcome.vectors is not None:
                        scored = [p.variant is Variant.SCORED for p in outcome.batch.predictions]
                        kept.append(outcome.vectors[scored])
                    journal.append(outcome.batch)
                done = outcome.number + 1
                self.watch("asking", sum(map(len, batches[:done])), total)
                if time.monotonic() - began > self.evaluation.limits.total_s:
                    raise SubmissionError(f"took over {self.evaluation.limits.total_s:g} s for {done} batches")


def _agree(before: Sequence[Prediction], after: Sequence[Prediction]) -> bool:
    return all(abs(b.p_in_order - a.p_in_order) <= SAME for b, a in zip(before, after, strict=True))


def _blame(error: SubmissionError, predictor: RunningPredictor, log: Path) -> SubmissionError | InfrastructureError:
    """Return the error with the predictor's last words, or an infrastructure error if something else ended it."""
    ending = predictor.ending()
    if isinstance(error, PredictorEndedError) and ending.outside:
        return InfrastructureError(ending.outside)
    predictor.channel.close()
    lines = log.read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
    printed = f"; it last printed {lines[-1][:LAST_WORDS]!r}" if lines else ""
    return type(error)(f"{error} (the predictor {ending}{printed})")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}"
    return str(error)
