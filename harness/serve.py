"""The predictor's side of the predict-pair interface: the loop that a Python submission calls.

    from harness.serve import Pair, serve

    def predict(pairs: list[Pair]) -> list[float]:
        return [0.5 for pair in pairs]

    serve(lambda start: predict, name="coin")

Standard library only: copy this one file into a submission that wants nothing else of ours.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

PROTOCOL = 1
LIBRARIES = ("torch", "torchvision", "transformers", "tokenizers", "numpy", "PIL", "timm", "jax", "onnxruntime")


@dataclass(frozen=True)
class Start:
    """What the harness says first. modality: "vision+text", "vision" or "text"."""

    modality: str
    seed: int
    max_batch: int


@dataclass(frozen=True)
class Pair:
    """A question. headlines and images: of the step shown first and of the one shown second.

    headlines is None in modality "vision", images (paths of pictures) is None in modality "text".
    """

    id: str
    title: str
    headlines: tuple[str, str] | None
    images: tuple[str, str] | None


@dataclass(frozen=True)
class Embedded:
    """An answer with the vectors of the same forward pass: float32, of one dimension, as array("f") or a NumPy row."""

    p_in_order: float
    first: Any
    second: Any
    text: Any


Predict = Callable[[list[Pair]], Sequence[float] | Sequence[Embedded]]


def serve(load: Callable[[Start], Predict], name: str, batch: int = 64, embeddings: bool = False) -> None:
    """Answer until the harness closes the stream.

    load: called once, with the modality; returns the function that maps pairs to probabilities that each is in order.
    batch: the number of pairs wanted at once; the harness may send fewer. Whatever is printed goes to stderr.
    embeddings: in modality "vision+text", every answer is an `Embedded`.
    """
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print, of a library too, must not break the protocol
    sys.stdout = sys.stderr
    predict: Predict | None = None
    for line in sys.stdin.buffer:
        request = json.loads(line)
        params = request["params"]
        if request["method"] == "initialize":
            start = Start(params["modality"], params["seed"], params["max_batch"])
            if params["protocol"] != PROTOCOL:
                message = f"this predictor speaks protocol {PROTOCOL}, not {params['protocol']}"
                _reply(replies, request, error={"code": -32602, "message": message})
                return
            predict = load(start)
            sends = embeddings and start.modality == "vision+text"
            hello = {"name": name, "batch": min(batch, start.max_batch), "embeddings": sends, "libraries": _libraries()}
            _reply(replies, request, result=hello)
        elif request["method"] == "predict_pairs" and predict is not None:
            pairs = [_pair(entry) for entry in params["pairs"]]
            answered: Any = predict(pairs)
            answers = [_answer(pair, answer) for pair, answer in zip(pairs, answered, strict=True)]
            _reply(replies, request, result={"predictions": answers})
        else:
            _reply(replies, request, error={"code": -32601, "message": f"unknown method {request['method']}"})


def _libraries() -> dict[str, str]:
    """Versions of what loading the model has brought in, as far as it is worth telling."""
    known = {name: getattr(sys.modules.get(name), "__version__", None) for name in LIBRARIES}
    return {"python": sys.version.split()[0]} | {name: str(version) for name, version in known.items() if version}


def _pair(entry: dict[str, Any]) -> Pair:
    first, second = entry["first"], entry["second"]
    headlines = (first["headline"], second["headline"]) if "headline" in first else None
    images = (first["image"], second["image"]) if "image" in first else None
    return Pair(entry["id"], entry["title"], headlines, images)


def _answer(pair: Pair, answer: float | Embedded) -> dict[str, Any]:
    if not isinstance(answer, Embedded):
        return {"id": pair.id, "p_in_order": float(answer)}
    vectors = {"first": answer.first, "second": answer.second, "text": answer.text}
    encoded = {name: base64.b64encode(memoryview(vector).cast("B")).decode() for name, vector in vectors.items()}
    return {"id": pair.id, "p_in_order": float(answer.p_in_order), "embeddings": encoded}


def _reply(stream: Any, request: dict[str, Any], **outcome: dict[str, Any]) -> None:
    message = {"jsonrpc": "2.0", "id": request["id"], **outcome}
    stream.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    stream.flush()
