"""The predict-pair interface, version 1: JSON-RPC 2.0, one message per line, on standard input and output.

This is the harness's side: it encodes requests and decodes replies. `serve.py` is the predictor's side. Every reply
passes through here once, and becomes a record or a `SubmissionError` naming pair, value and the type wanted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from harness.contract.decoding import JsonObject, Record, parse
from harness.errors import InputError, SubmissionError
from harness.records import Modality, Step, StepPair

VERSION: Literal[1] = 1
MAX_LINE_BYTES = 4 * 2**20  # a reply to 256 pairs with three 768-d vectors each, in base64, is 3.1 MB
MAX_BATCH = 256
MAX_LIBRARIES = 32  # are recorded
QUOTED = 100  # characters of a predictor's own text that a message shows

Id = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
RequestId = Annotated[int, Meta(ge=0)]
BatchSize = Annotated[int, Meta(ge=1, le=MAX_BATCH)]
Vector = Annotated[
    str, Meta(description="float32, little-endian, in base64", extra_json_schema={"contentEncoding": "base64"})
]


class InitializeParams(Record, frozen=True, kw_only=True):
    """The modality, the seed, and the largest batch of this run."""

    protocol: Literal[1]
    modality: Modality
    seed: int
    max_batch: BatchSize


class InitializeRequest(Record, frozen=True, kw_only=True):
    """The first line that a predictor reads."""

    jsonrpc: Literal["2.0"]
    id: RequestId
    method: Literal["initialize"]
    params: InitializeParams


class SentStep(Record, frozen=True, kw_only=True):
    """A step as it is sent: no headline in modality "vision", no image in modality "text"."""

    headline: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET
    image: Annotated[str, Meta(pattern="^/.*/[0-9a-f]{16}$")] | UnsetType = UNSET


class SentPair(Record, frozen=True, kw_only=True):
    """A pair as it is sent, under an opaque id."""

    id: Id
    title: str
    first: SentStep
    second: SentStep


class PredictPairsParams(Record, frozen=True, kw_only=True):
    """The pairs of one batch."""

    pairs: Annotated[list[SentPair], Meta(min_length=1, max_length=MAX_BATCH)]


class PredictPairsRequest(Record, frozen=True, kw_only=True):
    """A batch of questions."""

    jsonrpc: Literal["2.0"]
    id: RequestId
    method: Literal["predict_pairs"]
    params: PredictPairsParams


class ReplyPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a reply. Unknown fields are allowed, so that a predictor may say more than the harness reads."""


class ReplyError(ReplyPart, frozen=True, kw_only=True):
    """The error that a predictor reports."""

    message: str
    code: int | UnsetType = UNSET


class InitializeResult(ReplyPart, frozen=True, kw_only=True):
    """The predictor's name, the number of pairs it wants per batch, and whether it sends its vectors."""

    name: str
    batch: BatchSize
    embeddings: bool | UnsetType = UNSET
    libraries: dict[str, str] | UnsetType = UNSET


class SentVectors(ReplyPart, frozen=True, kw_only=True):
    """The vectors of the two pictures and of the text, from the forward pass that gave the prediction."""

    first: Vector
    second: Vector
    text: Vector


class SentPrediction(ReplyPart, frozen=True, kw_only=True):
    """The probability that the pair `id` is in order."""

    id: str
    p_in_order: Annotated[float, Meta(ge=0, le=1)]
    embeddings: SentVectors | UnsetType = UNSET


class PredictPairsResult(ReplyPart, frozen=True, kw_only=True):
    """One prediction for each id asked, exactly once, in any order."""

    predictions: Annotated[list[SentPrediction], Meta(min_length=1, max_length=MAX_BATCH)]


class FailedReply(Record, frozen=True, kw_only=True):
    """The reply of a predictor that cannot continue; the run ends as failed."""

    jsonrpc: Literal["2.0"]
    id: RequestId
    error: ReplyError


class InitializeReply(Record, frozen=True, kw_only=True):
    """A predictor's reply to `initialize`."""

    jsonrpc: Literal["2.0"]
    id: RequestId
    result: InitializeResult


class PredictPairsReply(Record, frozen=True, kw_only=True):
    """A predictor's reply to `predict_pairs`."""

    jsonrpc: Literal["2.0"]
    id: RequestId
    result: PredictPairsResult


@dataclass(frozen=True, slots=True)
class Hello:
    """A predictor's reply to `initialize`, checked. libraries: names and versions, as the predictor states them."""

    name: str
    batch: int
    embeddings: bool = False
    libraries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SentQuestion:
    """A pair to be sent: its opaque id, and the paths of its pictures inside the sandbox."""

    id: str
    pair: StepPair
    first_image: str | None
    second_image: str | None


@dataclass(frozen=True, slots=True)
class BatchReply:
    """A predictor's reply to one batch, checked: p and embeddings by opaque id, in the order asked.

    embeddings: still encoded, exactly as they were sent; `run/vectors.py` decodes them.
    """

    p_in_order: Mapping[str, float]
    embeddings: Mapping[str, object]


def initialize(request_id: int, modality: Modality, seed: int, max_batch: int, version: int = VERSION) -> bytes:
    """Return the line of the `initialize` request."""
    params = {"protocol": version, "modality": modality.value, "seed": seed, "max_batch": max_batch}
    return _request(request_id, "initialize", params)


def predict_pairs(request_id: int, questions: Sequence[SentQuestion], modality: Modality) -> bytes:
    """Return the line of the request for one batch. It holds only the parts that the modality sends."""
    pairs = [
        {
            "id": question.id,
            "title": question.pair.title,
            "first": _step(question.pair.first, question.first_image, modality),
            "second": _step(question.pair.second, question.second_image, modality),
        }
        for question in questions
    ]
    return _request(request_id, "predict_pairs", {"pairs": pairs})


def read_hello(line: bytes, request_id: int, max_batch: int) -> Hello:
    """Decode the reply to `initialize`.

    Raises:
        SubmissionError: the reply does not follow the protocol.
    """
    result = _result(line, request_id, "initialize")
    name, batch = result.get("name"), result.get("batch")
    if not isinstance(name, str):
        raise SubmissionError(f"initialize: `name` is {_quote(name)}; send the predictor's name, a string")
    if type(batch) is not int or not 1 <= batch <= max_batch:
        raise SubmissionError(f"initialize: `batch` is {_quote(batch)}; send a whole number from 1 to {max_batch}")
    embeddings = result.get("embeddings", False)
    if type(embeddings) is not bool:
        raise SubmissionError(f"initialize: `embeddings` is {_quote(embeddings)}; send true, false or nothing")
    libraries = result.get("libraries", {})
    if not isinstance(libraries, dict) or not all(isinstance(version, str) for version in libraries.values()):
        raise SubmissionError(f"initialize: `libraries` is {_quote(libraries)}; send names and versions, or nothing")
    stated = {name[:QUOTED]: version[:QUOTED] for name, version in list(libraries.items())[:MAX_LIBRARIES]}
    return Hello(name, batch, embeddings, stated)


def read_reply(line: bytes, request_id: int, asked: Sequence[str]) -> BatchReply:
    """Decode the reply to one batch. asked: the opaque ids, in the order asked.

    Raises:
        SubmissionError: the reply does not follow the protocol, or an id is missing, unknown or repeated.
    """
    predictions = _result(line, request_id, "predict_pairs").get("predictions")
    if not isinstance(predictions, list):
        raise SubmissionError(f"predict_pairs: `predictions` is {_quote(predictions)}; send a list, one entry per pair")
    wanted = set(asked)
    found: dict[str, float] = {}
    embeddings: dict[str, object] = {}
    for entry in predictions:
        opaque, p = _entry(entry)
        if opaque not in wanted:
            raise SubmissionError(
                f"predict_pairs: answers {_quote(opaque)}, which was not asked. Answer the ids asked."
            )
        if opaque in found:
            raise SubmissionError(f"predict_pairs: answers {_quote(opaque)} twice. Answer each pair exactly once.")
        found[opaque] = p
        embeddings[opaque] = entry.get("embeddings")
    missing = [opaque for opaque in asked if opaque not in found]
    if missing:
        raise SubmissionError(
            f"predict_pairs: answers {len(found)} of {len(asked)} pairs; {len(missing)} missing, such as "
            f"{missing[0]}. Answer each pair exactly once."
        )
    return BatchReply({opaque: found[opaque] for opaque in asked}, embeddings)


def _step(step: Step, image: str | None, modality: Modality) -> dict[str, str]:
    sent = {"headline": step.headline} if modality.sends_headlines else {}
    return sent | ({"image": image} if modality.sends_images and image else {})


def _request(request_id: int, method: str, params: Mapping[str, object]) -> bytes:
    message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _result(line: bytes, request_id: int, method: str) -> JsonObject:
    """Return the `result` of a reply; anything else that came is the predictor's fault."""
    try:
        message = parse(line, method, any_number=True)
    except InputError:
        raise SubmissionError(
            f"{method}: the reply is not JSON: {_quote(line)}. Print nothing else to stdout."
        ) from None
    if not isinstance(message, dict) or type(message.get("id")) is not int or message["id"] != request_id:
        raise SubmissionError(
            f"{method}: the reply is {_quote(message)}; wanted a JSON-RPC object with id {request_id}"
        )
    if message.get("error") is not None:
        raise SubmissionError(f"{method}: the predictor reports an error: {_quote(message['error'])}")
    result = message.get("result")
    if not isinstance(result, dict):
        raise SubmissionError(f"{method}: `result` is {_quote(result)}; wanted an object")
    return result


def _entry(entry: Any) -> tuple[str, float]:
    opaque = entry.get("id") if isinstance(entry, dict) else None
    if not isinstance(opaque, str):
        raise SubmissionError(f"predict_pairs: a prediction is {_quote(entry)}; wanted {{id, p_in_order}}")
    p = entry.get("p_in_order")
    if type(p) not in (int, float) or not 0 <= p <= 1:  # refuses NaN, bools and strings as well
        raise SubmissionError(f"predict_pairs: {opaque}: `p_in_order` is {_quote(p)}; wanted a number in [0, 1]")
    return opaque, float(p)


def _quote(value: Any) -> str:
    """Return a stranger's value, short and without control characters."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= QUOTED else text[:QUOTED] + "…")
