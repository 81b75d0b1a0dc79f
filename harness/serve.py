"""The predictor's side of the predict-pair interface: the loop that a Python submission calls.

    from harness.serve import Pair, serve

    def predict(pairs: list[Pair]) -> list[float]:
        return [0.5 for pair in pairs]

    serve(lambda start: predict, name="coin")

Standard library only: a submission that needs nothing else of WikiOrder can copy this one file.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TypedDict

PROTOCOL = 1
LIBRARIES = ("torch", "torchvision", "transformers", "tokenizers", "numpy", "PIL", "timm", "jax", "onnxruntime")


@dataclass(frozen=True)
class Start:
    """The harness's first message.

    Attributes:
        modality: "vision+text", "vision" or "text".
        seed: for the predictor's own random numbers.
        max_batch: largest number of pairs in one request.
    """

    modality: str
    seed: int
    max_batch: int


@dataclass(frozen=True)
class Pair:
    """A question.

    Attributes:
        id: opaque, and different in every run.
        title: title of the article.
        headlines: of the step shown first and of the step shown second; None in modality "vision".
        images: paths of their pictures; None in modality "text".
    """

    id: str
    title: str
    headlines: tuple[str, str] | None
    images: tuple[str, str] | None


@dataclass(frozen=True)
class Embedded:
    """An answer with the vectors of the same forward pass.

    Attributes:
        p_in_order: probability in [0, 1] that the step shown first is done first.
        first, second, text: float32 vectors of one dimension, each an array("f") or a NumPy row.
    """

    p_in_order: float
    first: Any
    second: Any
    text: Any


Predict = Callable[[list[Pair]], Sequence[float] | Sequence[Embedded]]


class ReceivedStep(TypedDict, total=False):
    """A step as it arrives; the modality decides which fields are present."""

    headline: str
    image: str


class ReceivedPair(TypedDict):
    """A pair as it arrives."""

    id: str
    title: str
    first: ReceivedStep
    second: ReceivedStep


class SentAnswer(TypedDict):
    """An answer as it is sent."""

    id: str
    p_in_order: float


class SentEmbeddedAnswer(SentAnswer):
    """An answer with its vectors, each float32 in base64."""

    embeddings: dict[str, str]


def serve(load: Callable[[Start], Predict], name: str, batch: int = 64, embeddings: bool = False) -> None:
    """Answer requests until the harness closes the stream. Everything printed to stdout goes to stderr.

    Args:
        load: called once, with the first message; returns the function that maps pairs to the probability that each is
            in order.
        name: the predictor's name.
        batch: preferred number of pairs per request; the harness may send fewer.
        embeddings: in modality "vision+text", every answer is an `Embedded`.
    """
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print, also one of a library, must not break the protocol
    sys.stdout = sys.stderr
    predict: Predict | None = None
    for line in sys.stdin.buffer:
        request = json.loads(line)
        params = request["params"]
        if request["method"] == "initialize":
            start = Start(params["modality"], params["seed"], params["max_batch"])
            if params["protocol"] != PROTOCOL:
                message = f"this predictor speaks protocol {PROTOCOL}, not {params['protocol']}"
                _reply(replies, request["id"], error={"code": -32602, "message": message})
                return
            predict = load(start)
            sends = embeddings and start.modality == "vision+text"
            hello = {"name": name, "batch": min(batch, start.max_batch), "embeddings": sends, "libraries": _libraries()}
            _reply(replies, request["id"], result=hello)
        elif request["method"] == "predict_pairs" and predict is not None:
            pairs = [_pair(received) for received in params["pairs"]]
            answered: Any = predict(pairs)
            answers = [_answer(pair, answer) for pair, answer in zip(pairs, answered, strict=True)]
            _reply(replies, request["id"], result={"predictions": answers})
        else:
            _reply(replies, request["id"], error={"code": -32601, "message": f"unknown method {request['method']}"})


def _libraries() -> dict[str, str]:
    """Return the versions of Python and of the known libraries that loading the model has imported."""
    known = {name: getattr(sys.modules.get(name), "__version__", None) for name in LIBRARIES}
    return {"python": sys.version.split()[0]} | {name: str(version) for name, version in known.items() if version}


def _pair(received: ReceivedPair) -> Pair:
    first, second = received["first"], received["second"]
    headlines = (first["headline"], second["headline"]) if "headline" in first else None
    images = (first["image"], second["image"]) if "image" in first else None
    return Pair(received["id"], received["title"], headlines, images)


def _answer(pair: Pair, answer: float | Embedded) -> SentAnswer | SentEmbeddedAnswer:
    if not isinstance(answer, Embedded):
        return {"id": pair.id, "p_in_order": float(answer)}
    vectors = {"first": answer.first, "second": answer.second, "text": answer.text}
    encoded = {name: base64.b64encode(memoryview(vector).cast("B")).decode() for name, vector in vectors.items()}
    return {"id": pair.id, "p_in_order": float(answer.p_in_order), "embeddings": encoded}


def _reply(stream: BinaryIO, request_id: object, **outcome: object) -> None:
    message = {"jsonrpc": "2.0", "id": request_id, **outcome}
    stream.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    stream.flush()
