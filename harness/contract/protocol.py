"""The predict-pair interface, version 1: JSON-RPC 2.0, one message a line, on a predictor's standard input and output.

This is the harness's side: requests out, replies in. `serve.py` is the predictor's. Whatever a predictor sends passes
through here and comes out as a record or as a `SubmissionError` that names the pair, what came and what was wanted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import SubmissionError
from harness.records import Modality, Prediction, Step, StepPair

VERSION = 1
MAX_LINE_BYTES = 4 * 2**20  # a reply to 256 pairs with three 768-d vectors each, in base64, is 3.1 MB
MAX_BATCH = 256
MAX_LIBRARIES = 32  # are recorded
QUOTED = 100  # characters of a predictor's own text that a message shows


@dataclass(frozen=True, slots=True)
class Hello:
    """What a predictor says of itself: its name, the pairs it wants at once, whether it sends its vectors too.

    libraries: what it runs on, and in which versions; its word, not ours.
    """

    name: str
    batch: int
    embeddings: bool = False
    libraries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SentQuestion:
    """A pair as it travels: under an opaque id, with the paths that its pictures have inside the sandbox."""

    id: str
    pair: StepPair
    first_image: str | None
    second_image: str | None


def initialize(request_id: int, modality: Modality, seed: int, max_batch: int, version: int = VERSION) -> bytes:
    params = {"protocol": version, "modality": modality.value, "seed": seed, "max_batch": max_batch}
    return _request(request_id, "initialize", params)


def predict_pairs(request_id: int, questions: Sequence[SentQuestion], modality: Modality) -> bytes:
    """The request for one batch. What the modality leaves out does not travel."""
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
    result = read_result(line, request_id, "initialize")
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
    told = {name[:QUOTED]: version[:QUOTED] for name, version in list(libraries.items())[:MAX_LIBRARIES]}
    return Hello(name, batch, embeddings, told)


def read_predictions(line: bytes, request_id: int, pair_ids: Mapping[str, str]) -> list[Prediction]:
    """The predictions of one batch, in the order asked. pair_ids: the set's pair id of each opaque id asked."""
    predictions = read_result(line, request_id, "predict_pairs").get("predictions")
    if not isinstance(predictions, list):
        raise SubmissionError(f"predict_pairs: `predictions` is {_quote(predictions)}; send a list, one entry a pair")
    found: dict[str, float] = {}
    for entry in predictions:
        opaque, p = _entry(entry)
        if opaque not in pair_ids:
            raise SubmissionError(
                f"predict_pairs: answers {_quote(opaque)}, which was not asked. Answer the ids asked."
            )
        if opaque in found:
            raise SubmissionError(f"predict_pairs: answers {_quote(opaque)} twice. Answer each pair exactly once.")
        found[opaque] = p
    missing = [opaque for opaque in pair_ids if opaque not in found]
    if missing:
        raise SubmissionError(
            f"predict_pairs: answers {len(found)} of {len(pair_ids)} pairs; {len(missing)} missing, such as "
            f"{missing[0]}. Answer each pair exactly once."
        )
    return [Prediction(pair_id, found[opaque]) for opaque, pair_id in pair_ids.items()]


def _step(step: Step, image: str | None, modality: Modality) -> dict[str, str]:
    sent = {"headline": step.headline} if modality.sends_headlines else {}
    return sent | ({"image": image} if modality.sends_images and image else {})


def _request(request_id: int, method: str, params: Mapping[str, Any]) -> bytes:
    message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def read_result(line: bytes, request_id: int, method: str) -> dict[str, Any]:
    """The result of a reply, an object; whatever else came is the predictor's fault."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
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
    """A stranger's value, short and without control characters."""
    try:
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    except RecursionError:
        text = "something nested too deeply to show"
    return repr(text if len(text) <= QUOTED else text[:QUOTED] + "…")
