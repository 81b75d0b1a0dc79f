"""The sandbox of a served model: the harness's own code asks the server, and answers the protocol in this process.

Covered: no code of the submission runs on this machine, so nothing of it can read the ground truth, the journal or
other questions. The server receives the questions of the plan and nothing else: no id, no label, no article.
Not covered: whoever serves the model sees the questions, and can keep them. A server on this machine may forward them
to another one.
"""

from __future__ import annotations

import asyncio
import hashlib
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.contract import decoding
from harness.contract.protocol import (
    MAX_BATCH,
    InitializeParams,
    InitializeReply,
    InitializeResult,
    PredictPairsReply,
    PredictPairsRequest,
    PredictPairsResult,
    SentPair,
    SentPrediction,
    SentStep,
)
from harness.contract.result import Destination, Isolation, Latencies, RequestTimings, SandboxName, ServedModel
from harness.contract.submission import Submission
from harness.errors import InfrastructureError, InputError, WikiOrderError
from harness.records import Modality
from harness.sandbox.base import Ending, Launch
from harness.sandbox.channel import STDOUT, Channel
from harness.sandbox.evidence import ResourceUsage
from harness.serve_prompt import LetterAnswer, p_in_order
from harness.served import answers, questions
from harness.served.answers import KEPT_TEXT, AnswerFile, ServerDescription, StoredAnswer
from harness.served.client import LOGPROBS_REFUSED, ChatClient, RefusedError, Spending
from harness.served.questions import ChatRequest
from harness.served.settings import EndpointSettings

COVERS = ("no code of the submission runs: the harness asks the server itself", "the ground truth never leaves")
TRIAL = SentPair(  # asked before a run, to see whether the server answers and returns log-probabilities
    id="0" * 16, title="Make Tea", first=SentStep(headline="Boil water."), second=SentStep(headline="Pour it.")
)


@dataclass
class EndpointRun:
    """One opened run: the conversation of the protocol on one side, requests to the server on the other.

    It is the transport of a `Channel`: `write` takes request lines, `read` returns reply lines.
    """

    settings: EndpointSettings
    spending: Spending
    log: Path
    most_pairs: int
    failure: WikiOrderError | None = None
    server: ServerDescription | None = None
    kept: AnswerFile | None = None
    _lines: queue.SimpleQueue[bytes | None] = field(default_factory=queue.SimpleQueue)
    _replies: queue.SimpleQueue[bytes | None] = field(default_factory=queue.SimpleQueue)
    _loop: asyncio.AbstractEventLoop | None = None
    _task: asyncio.Task[bytes] | None = None
    _modality: Modality = Modality.TEXT
    _seed: int = 0

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._serve, name="endpoint", daemon=True)
        self._thread.start()

    def read(self) -> tuple[int, bytes] | None:
        """Wait for a reply; None after the end."""
        line = self._replies.get()
        return None if line is None else (STDOUT, line)

    def write(self, content: memoryview, deadline: float) -> int:
        """Take one request line whole."""
        self._lines.put(bytes(content))
        return len(content)

    def shut(self) -> None:
        """End the run: requests in flight are cancelled."""
        self._lines.put(None)
        loop, task = self._loop, self._task
        if loop is not None and task is not None and not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)
        self._thread.join()

    def close(self) -> None:
        """Make all answers durable."""
        if self.kept is not None:
            self.kept.close()

    def _serve(self) -> None:
        """Answer request lines until the end, or until a failure, which `EndpointSandbox.open` raises."""
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            client = runner.run(self._connect())
            try:
                while (line := self._lines.get()) is not None:
                    self._replies.put(runner.run(self._cancellable(client, line)))
            except WikiOrderError as error:
                self.failure = error
            except OSError as error:  # a full disk, a picture that cannot be read: no fault of the model
                where = error.filename or "the system"
                self.failure = InfrastructureError(f"{where}: {error.strerror or error}")
            except asyncio.CancelledError:
                pass
            finally:
                self._task = None
                runner.run(client.close())
                self._replies.put(None)

    async def _connect(self) -> ChatClient:
        return ChatClient(self.settings, self.spending)

    async def _cancellable(self, client: ChatClient, line: bytes) -> bytes:
        self._task = asyncio.ensure_future(self._reply(client, line))
        return await self._task

    async def _reply(self, client: ChatClient, line: bytes) -> bytes:
        """Return the reply to one request of the protocol."""
        message = decoding.parse_object(line, "request")
        if message["method"] == "initialize":
            params = decoding.convert(InitializeParams, message["params"], "initialize")
            self._modality, self._seed = params.modality, params.seed
            await self._begin(client)
            hello = InitializeResult(name=self.settings.source.model, batch=min(self.most_pairs, params.max_batch))
            return decoding.json_line(InitializeReply(jsonrpc="2.0", id=message["id"], result=hello)).encode()
        pairs = decoding.convert(PredictPairsRequest, message, "predict_pairs").params.pairs
        predictions = await self._answer_all(client, pairs)
        if self.kept is not None:
            self.kept.sync()
        result = PredictPairsResult(predictions=predictions)
        return decoding.json_line(PredictPairsReply(jsonrpc="2.0", id=message["id"], result=result)).encode()

    async def _begin(self, client: ChatClient) -> None:
        """Ask the server about itself and for log-probabilities, and open the file of answers."""
        about = await client.describe()
        wanted = self.settings.source.logprobs
        logprobs = False if wanted is False else await self._returns_logprobs(client)
        if wanted and not logprobs:
            raise InputError(
                f"{self.settings.host}: returns no log-probabilities; omit --logprobs yes to read the text"
            )
        self.server = ServerDescription(about=about, logprobs=logprobs)
        path, journal = answers.beside(self.log)
        self.kept = AnswerFile(path, journal, self.server)
        for stored in self.kept.answers.values():
            self.spending.prompt_tokens += stored.prompt_tokens
            self.spending.completion_tokens += stored.completion_tokens

    async def _returns_logprobs(self, client: ChatClient) -> bool:
        """Return whether the server answers a trial question with log-probabilities.

        Raises:
            InputError: the server refuses the question without asking for log-probabilities, too.
        """
        for logprobs in (True, False):
            (request, *_) = questions.requests(self.settings, TRIAL, self._seed, logprobs)
            try:
                answered = await client.ask(request.body, logprobs=False)
            except RefusedError as error:
                if not logprobs or error.status not in LOGPROBS_REFUSED:
                    raise InputError(f"{error}. Check --endpoint and --model") from None
            else:
                return logprobs and answered.has_logprobs
        return False

    async def _answer_all(self, client: ChatClient, pairs: Sequence[SentPair]) -> list[SentPrediction]:
        """Answer all pairs of a batch at once; the first failure cancels the rest."""
        tasks = [asyncio.ensure_future(self._predict(client, pair)) for pair in pairs]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _predict(self, client: ChatClient, pair: SentPair) -> SentPrediction:
        assert self.server is not None  # noqa: S101 - `initialize` comes first, for the type checker
        logprobs = self.server.logprobs
        asked = await asyncio.to_thread(questions.requests, self.settings, pair, self._seed, logprobs)
        found = await asyncio.gather(*(self._answer(client, pair.id, request, logprobs) for request in asked))
        sides: dict[bool, list[LetterAnswer]] = {True: [], False: []}
        for request, answer in zip(asked, found, strict=True):
            sides[request.first_as_a].append(answer)
        return SentPrediction(id=pair.id, p_in_order=p_in_order(sides[True], sides[False]))

    async def _answer(self, client: ChatClient, pair_id: str, request: ChatRequest, logprobs: bool) -> LetterAnswer:
        """Return the answer to one request: the kept one, or the server's, which is kept first."""
        assert self.kept is not None  # noqa: S101 - opened before the first question, for the type checker
        named = f"{pair_id} {request.first_as_a} {request.sample}\n".encode()
        key = hashlib.sha256(named + request.body).hexdigest()
        if (stored := self.kept.answers.get(key)) is not None:
            return stored.answer
        try:
            answered = await client.ask(request.body, logprobs)
        except RefusedError as error:
            raise InputError(f"{error}. Answers are kept; the same command resumes") from None
        answer = answered.answer
        self.kept.append(
            StoredAnswer(
                key=key,
                kind=answer.kind,
                p_a=answer.p_a,
                log_odds=answer.log_odds,
                prompt_tokens=answered.prompt_tokens,
                completion_tokens=answered.completion_tokens,
                text=client.redacted(answered.text)[:KEPT_TEXT],
            )
        )
        return answer


@dataclass
class EndpointPredictor:
    """A served model as a started predictor."""

    run: EndpointRun
    channel: Channel
    exchange: str

    def ending(self) -> Ending:
        """Return that the requests ended, and why."""
        return Ending(None, outside=str(self.run.failure) if self.run.failure else "")

    def usage(self) -> ResourceUsage:
        """Return nothing: the server's resources cannot be seen from here."""
        return ResourceUsage()


class EndpointSandbox:
    """A model behind an endpoint in the place of a sandbox.

    Args:
        destination: where the questions go, as `settings.require_disclosure` found.
        most_pairs: the most pairs per batch; the pairs of a batch are asked at once.
    """

    name: SandboxName = "endpoint"

    def __init__(self, settings: EndpointSettings, destination: Destination, most_pairs: int = MAX_BATCH) -> None:
        self.settings, self.destination, self.most_pairs = settings, destination, most_pairs
        self.spending = Spending()
        self._run: EndpointRun | None = None

    def prepare(self, submission: Submission) -> str | None:
        """Return None: there is no image."""
        return None

    def isolation(self, data: Path) -> Isolation:
        """Return that no code ran here, and where the questions went."""
        exposes = (f"the questions, to whoever serves {self.settings.host} ({self.destination})",)
        return Isolation(sandbox=self.name, isolated=True, covers=COVERS, exposes=exposes)

    def describe(self) -> str:
        return f"endpoint {self.settings.url} ({self.destination})"

    @contextmanager
    def open(self, launch: Launch) -> Iterator[EndpointPredictor]:
        """Connect to the server. Failures that are not the submission's are raised as they are, on leaving."""
        self.spending.prompt_tokens = self.spending.completion_tokens = 0  # counted from the file of answers
        run = self._run = EndpointRun(self.settings, self.spending, launch.log, self.most_pairs)
        channel = Channel(run, launch.log, launch.limits.log_bytes)
        try:
            yield EndpointPredictor(run, channel, str(launch.exchange))
        except WikiOrderError:
            if run.failure is not None:
                raise run.failure from None
            raise
        finally:
            channel.close()

    def close(self) -> None:
        """Do nothing: each run closes its own connections."""

    def spent(self) -> str:
        """Return tokens and cost so far, for the progress line."""
        used = self.spending
        cost = self.settings.limits.cost(used.prompt_tokens, used.completion_tokens)
        tokens = f"{(used.prompt_tokens + used.completion_tokens) / 1000:.0f}k tokens"
        return tokens if cost is None else f"{tokens}, cost {cost:.2f}"

    def forecast(self, pairs: int, head: str) -> str:
        """Return the requests, tokens and bytes that asking so many pairs takes, from those sent so far."""
        used, each = self.spending, 2 * self.settings.source.samples
        requests = pairs * each
        share = requests / max(1, used.answered)
        prompt_tokens, completion_tokens = round(used.prompt_tokens * share), round(used.completion_tokens * share)
        cost = self.settings.limits.cost(prompt_tokens, completion_tokens)
        rate = np.mean(used.request_s) / self.settings.limits.concurrency if used.request_s else 0.0
        return (
            f"{head}: {requests} requests for {pairs} questions, about {prompt_tokens} tokens in, {completion_tokens} "
            f"tokens out and {used.bytes_sent * share / 1e6:.1f} MB; at least {requests * rate / 60:.1f} min"
            + ("" if cost is None else f"; cost {cost:.2f}")
        )

    def served(self) -> ServedModel:
        """Return the model, the settings and the counts of the last run."""
        run, source = self._run, self.settings.source
        kept = list(run.kept.answers.values()) if run and run.kept else []
        server = run.server if run and run.server else ServerDescription(about={}, logprobs=False)
        prompt_tokens = sum(stored.prompt_tokens for stored in kept)
        completion_tokens = sum(stored.completion_tokens for stored in kept)
        return ServedModel(
            endpoint=self.settings.url,
            destination=self.destination,
            model=source.model,
            revision=source.revision,
            served_by=source.served_by,
            prompt_version=self.settings.prompt.version,
            prompt=self.settings.prompt.digest,
            decoding=self.settings.decoding(server.logprobs),
            pictures=self.settings.pictures,
            server=server.about,
            answers=answers.count(kept),
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cost=self.settings.limits.cost(prompt_tokens, completion_tokens),
        )

    def request_timings(self) -> RequestTimings | None:
        """Return latencies and repeated requests of this run of the command; None if all answers were kept ones."""
        used = self.spending
        if not used.request_s:
            return None
        p50, p95, p99 = (round(float(np.percentile(used.request_s, q)), 6) for q in (50, 95, 99))
        return RequestTimings(
            sent=used.sent, sent_again=used.sent_again, request_s=Latencies(p50=p50, p95=p95, p99=p99)
        )

    def forget(self) -> None:
        """Remove the kept answers of the last run, once its bundle is complete."""
        if self._run and self._run.kept:
            self._run.kept.path.unlink(missing_ok=True)
