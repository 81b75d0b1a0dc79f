"""The client of an OpenAI-compatible server: adaptive concurrency, deadlines, retries with jitter, limits on cost.

Covered: refusals to take more requests (`Retry-After` is obeyed), cut connections, truncated, malformed, oversized and
slow replies, and log-probabilities that are none: each such request is sent again. The key is sent as a header only, is
never sent to another host (redirects are not followed), and is cut out of every text that is quoted.
Not covered: a server that answers well-formed nonsense.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
import msgspec

from harness.errors import HarnessError, InfrastructureError, InputError
from harness.serve_prompt import GeneratedToken, LetterAnswer, read_answer
from harness.served.settings import TOP_LOGPROBS, EndpointSettings, RequestLimits

ATTEMPTS = 8  # of one request: with the pauses between them about a minute
REFUSALS = 3  # asked so often, a model's refusal counts as its answer
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 30.0
LONGEST_RETRY_AFTER_S = 600.0
START_CONCURRENCY = 4
DECREASE = 0.7  # of the concurrency, when the server refuses to take more
MAX_REPLY_BYTES = 4 * 2**20
QUOTED = 200  # characters of a server's message
OVERLOADED = {429, 503, 529}
AGAIN = {408, 409, 425, 500, 502, 504, *OVERLOADED}
KEY_REFUSED = {401, 403}
LOGPROBS_REFUSED = {400, 404, 422, 501}  # servers differ in how they refuse a field
FAILED_CONNECTION = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)
CONTENT_FILTER = "content_filter"
SUM_TOLERANCE = 0.01  # of the sum of probabilities: servers round
LEAST_LOGPROB = -9999.0  # servers write it for zero


class WireRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a server's reply. Unknown fields are allowed."""


class TopLogprob(WireRecord, frozen=True, kw_only=True):
    """A probable token."""

    token: str
    logprob: float


class TokenLogprob(TopLogprob, frozen=True, kw_only=True):
    """A generated token, and the most probable ones at its place."""

    top_logprobs: list[TopLogprob] = []


class ChoiceLogprobs(WireRecord, frozen=True, kw_only=True):
    """The generated tokens."""

    content: list[TokenLogprob] | None = None


class ChatMessage(WireRecord, frozen=True, kw_only=True):
    """The model's answer. Servers name hidden reasoning in one of two ways."""

    content: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None


class ChatChoice(WireRecord, frozen=True, kw_only=True):
    """The first and only answer."""

    message: ChatMessage
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None


class TokenUsage(WireRecord, frozen=True, kw_only=True):
    """The server's counts of tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class ChatReply(WireRecord, frozen=True, kw_only=True):
    """The reply of `/chat/completions`."""

    choices: list[ChatChoice]
    usage: TokenUsage | None = None


class ListedModel(WireRecord, frozen=True, kw_only=True):
    """One entry of `/models`."""

    id: str
    owned_by: str = ""
    root: str | None = None
    max_model_len: int | None = None


class ModelList(WireRecord, frozen=True, kw_only=True):
    """The reply of `/models`."""

    data: list[ListedModel]


class ErrorDetail(WireRecord, frozen=True, kw_only=True):
    """A server's error."""

    code: str | int | None = None
    type: str | None = None


class ErrorReply(WireRecord, frozen=True, kw_only=True):
    """The body of a refusal."""

    error: ErrorDetail


class RefusedError(HarnessError):
    """The server refuses a request, and would refuse it again."""

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class TryAgainError(Exception):
    """A request failed in a way that may pass. pause_s: as the server asks, or None. overloaded: send fewer at once."""

    def __init__(self, reason: str, pause_s: float | None = None, overloaded: bool = False) -> None:
        super().__init__(reason)
        self.pause_s, self.overloaded = pause_s, overloaded


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """The answer to one request, its text, the server's counts of tokens, and whether it sent log-probabilities."""

    answer: LetterAnswer
    text: str
    prompt_tokens: int
    completion_tokens: int
    has_logprobs: bool = False


@dataclass
class Spending:
    """Requests, bytes and seconds of this run of the command; tokens of the whole evaluation."""

    sent: int = 0
    sent_again: int = 0
    bytes_sent: int = 0
    answered: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    request_s: list[float] = field(default_factory=list)


class AdaptiveLimit:
    """A limit on requests in flight that finds the server's own: it grows until the server refuses, then shrinks."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(min(START_CONCURRENCY, most))
        self.in_flight = 0
        self._growing = True  # by one per reply, until the server first refuses; then by one per round
        self._paused_until = self._decreased = 0.0
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> None:
        async with self._changed:
            while self.in_flight >= int(self.limit):
                await self._changed.wait()
            self.in_flight += 1
        await asyncio.sleep(max(0.0, self._paused_until - time.monotonic()))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._changed:
            self.in_flight -= 1
            self._changed.notify(2)

    def succeeded(self) -> None:
        """Allow more requests at once."""
        self.limit = min(self.most, self.limit + (1 if self._growing else 1 / self.limit))

    def refused(self, pause_s: float | None, began: float) -> None:
        """Allow fewer requests at once, and none for `pause_s`. Refusals of one burst count once."""
        now = time.monotonic()
        if began > self._decreased:
            self.limit, self._decreased, self._growing = max(1.0, self.limit * DECREASE), now, False
        if pause_s:
            self._paused_until = max(self._paused_until, now + pause_s)


class ChatClient:
    """Sends requests to one server. Make and use it inside one event loop."""

    def __init__(self, settings: EndpointSettings, spending: Spending) -> None:
        self.settings, self.spending = settings, spending
        self.limits: RequestLimits = settings.limits
        self.limit = AdaptiveLimit(self.limits.concurrency)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "Content-Type": "application/json"}
        if settings.key:
            headers["Authorization"] = f"Bearer {settings.key}"
        self._headers = list(headers.items())
        self._questions = httpcore.URL(f"{settings.url}/chat/completions")
        self._models = httpcore.URL(f"{settings.url}/models")
        self._trusted = httpx.create_ssl_context()
        self._proxy = _proxy(settings)
        # One pool per connection: a larger one looks at all its connections for each request, 2 ms at 20. No client of
        # httpx, whose cookies, redirects and events are of no use here and cost as much as the exchange itself.
        self._idle: list[httpcore.AsyncConnectionPool] = []
        self._connections: list[httpcore.AsyncConnectionPool] = []

    @contextmanager
    def _connection(self) -> Iterator[httpcore.AsyncConnectionPool]:
        """Yield a connection that no other request uses; the last one used comes first, since it is warm."""
        if self._idle:
            connection = self._idle.pop()
        else:
            connection = httpcore.AsyncConnectionPool(self._trusted, proxy=self._proxy, max_connections=1)
            self._connections.append(connection)
        try:
            yield connection
        finally:
            self._idle.append(connection)

    async def close(self) -> None:
        for connection in self._connections:
            await connection.aclose()

    async def describe(self) -> dict[str, str]:
        """Return the server's description of itself: its entry in `/models`, and headers that name a version."""
        try:
            headers, content = (await self._exchange("GET", self._models, None, min(30.0, self.limits.request_s)))[1:]
        except TryAgainError:
            return {}
        about = {
            name.lower(): self.redacted(value)[:100]
            for name, value in headers.items()
            if name.lower() in ("server", "openai-version", "x-version") or name.lower().endswith("-version")
        }
        try:
            listed = msgspec.json.decode(content, type=ModelList).data
        except (msgspec.DecodeError, UnicodeDecodeError):
            return about
        for model in listed:
            if model.id == self.settings.source.model:
                stated = {"owned_by": model.owned_by, "root": model.root, "max_model_len": model.max_model_len}
                about |= {name: self.redacted(str(value))[:100] for name, value in stated.items() if value}
        return about

    async def ask(self, body: bytes, logprobs: bool) -> AnsweredQuestion:
        """Send one request until it is answered.

        Raises:
            RefusedError: the server refuses this request.
            InputError: a limit on requests or cost is reached, or the server refuses the key or the model.
            InfrastructureError: the server failed too often in a row.
        """
        reason, attempts, refusals = "", 0, 0
        while attempts < ATTEMPTS:
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempts)
            attempts += 1
            async with self.limit:
                self._require_budget()
                began = time.monotonic()
                try:
                    answered = await self._send(body, logprobs)
                except TryAgainError as error:
                    reason = str(error)
                    if error.overloaded:
                        self.limit.refused(error.pause_s, began)
                        pause_s = max(pause_s, error.pause_s or 0.0)
                else:
                    self.limit.succeeded()
                    refusals += answered.answer.kind == "refused"
                    if answered.answer.kind != "refused" or refusals == REFUSALS:
                        self._note(answered, time.monotonic() - began)
                        return answered
            self.spending.sent_again += 1
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 - jitter, so that retries do not meet
        raise InfrastructureError(f"{self.settings.host}: {reason}, {ATTEMPTS} times in a row")

    def redacted(self, text: str) -> str:
        """Return a server's text without the key."""
        return text.replace(self.settings.key, "[key]") if self.settings.key else text

    def _require_budget(self) -> None:
        used, limits = self.spending, self.limits
        if limits.most_requests is not None and used.sent >= limits.most_requests:
            raise InputError(
                f"--max-requests: {used.sent} are sent. Answers are kept; the same command with a higher limit resumes"
            )
        cost = limits.cost(used.prompt_tokens, used.completion_tokens) or 0.0
        expected = cost * (1 + self.limit.in_flight / max(1, used.answered))  # with the requests in flight
        if limits.most_cost is not None and expected > limits.most_cost:
            raise InputError(
                f"--max-cost: {cost:.4f} of {limits.most_cost:g} is spent. Answers are kept; the same command with a "
                "higher limit resumes"
            )

    def _note(self, answered: AnsweredQuestion, seconds: float) -> None:
        self.spending.answered += 1
        self.spending.prompt_tokens += answered.prompt_tokens
        self.spending.completion_tokens += answered.completion_tokens
        self.spending.request_s.append(seconds)

    async def _send(self, body: bytes, logprobs: bool) -> AnsweredQuestion:
        """Send a request once."""
        self.spending.sent += 1
        self.spending.bytes_sent += len(body)
        status, headers, content = await self._exchange("POST", self._questions, body, self.limits.request_s)
        return _read(content, logprobs) if status == 200 else self._refusal(status, headers, content)

    async def _exchange(
        self, method: str, url: httpcore.URL, body: bytes | None, most_s: float
    ) -> tuple[int, httpx.Headers, bytes]:
        """Return status, headers and content. Reading stops at the deadline and at the largest size of a reply.

        Raises:
            TryAgainError: the connection failed, or the reply is too late or too large.
        """
        content = bytearray()
        waits = {"timeout": {"connect": min(10.0, most_s)}}
        try:
            with self._connection() as http:
                async with (
                    asyncio.timeout(most_s),
                    http.stream(method, url, headers=self._headers, content=body, extensions=waits) as response,
                ):
                    async for chunk in response.aiter_stream():
                        content += chunk
                        if len(content) > MAX_REPLY_BYTES:
                            raise TryAgainError(f"sent a reply of over {MAX_REPLY_BYTES} bytes")
        except TimeoutError:
            raise TryAgainError(f"gave no reply within {most_s:g} s", overloaded=True) from None
        except httpcore.TimeoutException:
            raise TryAgainError("gave no reply in time", overloaded=True) from None
        except FAILED_CONNECTION as error:
            raise TryAgainError(self.redacted(f"the connection failed ({type(error).__name__})")) from None
        return response.status, httpx.Headers(response.headers), bytes(content)

    def _refusal(self, status: int, headers: httpx.Headers, content: bytes) -> AnsweredQuestion:
        """Return a refused answer, or raise the error that a status means."""
        text = self.redacted(content.decode("utf-8", "replace"))[:QUOTED]
        try:
            detail = msgspec.json.decode(content, type=ErrorReply).error
        except (msgspec.DecodeError, UnicodeDecodeError):
            detail = ErrorDetail()
        code = str(detail.code or detail.type or "")
        if CONTENT_FILTER in code:
            return AnsweredQuestion(LetterAnswer("refused", 0.5), "", 0, 0)
        if status in KEY_REFUSED:
            raise InputError(
                f"{self.settings.host}: status {status}: the server refuses the key; give it by --api-key-variable"
            )
        if code == "insufficient_quota":
            raise InputError(f"{self.settings.host}: the account's quota is used up; answers are kept, resume later")
        if status in AGAIN:
            pause_s = retry_after(headers, time.time()) if status in OVERLOADED else None
            raise TryAgainError(f"replied with status {status}", pause_s, status in OVERLOADED)
        raise RefusedError(status, f"{self.settings.host}: status {status}: {text}", code)


def _proxy(settings: EndpointSettings) -> httpcore.Proxy | None:
    """Return the proxy that the environment names, for HTTPS alone: it would read questions sent in the clear."""
    stated = getproxies().get("https") if settings.url.startswith("https:") else None
    if not stated or proxy_bypass(settings.host):
        return None
    proxy = httpx.Proxy(stated if "://" in stated else f"http://{stated}")
    return httpcore.Proxy(str(proxy.url), auth=proxy.auth)


def retry_after(headers: httpx.Headers, now: float) -> float | None:
    """Return the pause in seconds that a server asks for, as a number or a date; None without. now: Unix time."""
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return min(max(0.0, milliseconds / 1000), LONGEST_RETRY_AFTER_S)
    stated = headers.get("retry-after", "")
    seconds = _number(stated)
    if seconds is None:
        try:
            seconds = parsedate_to_datetime(stated).timestamp() - now
        except (ValueError, TypeError):
            return None
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER_S)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _read(content: bytes, logprobs: bool) -> AnsweredQuestion:
    """Decode a reply, and read the answer in it.

    Raises:
        TryAgainError: the reply is malformed, empty, or its log-probabilities are none.
    """
    try:
        reply = msgspec.json.decode(content, type=ChatReply)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise TryAgainError("sent a malformed reply") from None
    if not reply.choices:
        raise TryAgainError("sent a reply without an answer")
    choice, usage = reply.choices[0], reply.usage or TokenUsage()
    message, text = choice.message, choice.message.content or ""
    used = max(0, usage.prompt_tokens), max(0, usage.completion_tokens)
    if message.refusal or choice.finish_reason == CONTENT_FILTER:
        return AnsweredQuestion(LetterAnswer("refused", 0.5), message.refusal or text, *used)
    tokens = _tokens(choice.logprobs.content or []) if choice.logprobs else []
    if logprobs and not tokens and text:
        raise TryAgainError("sent an answer without log-probabilities, though it returned some before")
    hidden = bool(message.reasoning or message.reasoning_content)
    return AnsweredQuestion(read_answer(text, tokens, hidden), text, *used, has_logprobs=bool(tokens))


def _tokens(sent: Sequence[TokenLogprob]) -> list[GeneratedToken]:
    tokens = []
    for token in sent:
        listed = [*token.top_logprobs, token]
        top: dict[str, float] = {}
        for other in listed:  # a server may write two tokens alike, such as one with and one without a space
            top[other.token] = max(other.logprob, LEAST_LOGPROB, top.get(other.token, LEAST_LOGPROB))
        wrong = not token.top_logprobs or len(token.top_logprobs) > TOP_LOGPROBS + 1
        wrong |= any(other.logprob > SUM_TOLERANCE for other in listed)
        if wrong or sum(map(math.exp, top.values())) > 1 + SUM_TOLERANCE:
            raise TryAgainError("sent log-probabilities that are none")
        tokens.append(GeneratedToken(token.token, top))
    return tokens
