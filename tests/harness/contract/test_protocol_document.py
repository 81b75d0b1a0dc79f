"""The published protocol: what we send and what `serve.py` sends fit its schemas, and its numbers are the real ones."""

from __future__ import annotations

import array
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import ValidationError

from harness.contract import protocol
from harness.contract.protocol import SentQuestion
from harness.records import Modality, Step, StepPair
from harness.sandbox.base import Limits
from tests import schemas

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "harness/PROTOCOL.md").read_text(encoding="utf-8")
PAIR = StepPair("p1", "Food", "Make Coffee", Step("Boil water.", "images/a.jpg"), Step("Pour.", "images/b.jpg"))
ASKED = SentQuestion("5f0c6a1be2d94873", PAIR, "/exchange/9c41d07be5f8a263", "/exchange/4e2b90c7d1a6f385")
SERVED = """\
import array
from harness.serve import Embedded, serve
vector = array.array("f", [1.0, 2.0])
serve(lambda start: lambda pairs: {answers}, name="served", batch=8, embeddings={embeddings})
"""


def served(
    requests: list[bytes], answers: str = "[0.5 for _ in pairs]", embeddings: bool = False
) -> list[dict[str, Any]]:
    """The replies of a predictor that calls `serve`."""
    program = SERVED.format(answers=answers, embeddings=embeddings)
    run = subprocess.run(
        [sys.executable, "-c", program], input=b"".join(requests), capture_output=True, cwd=ROOT, timeout=30, check=True
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


def hello(version: int = 1) -> bytes:
    line = protocol.initialize(0, Modality.VISION_TEXT, 7, 64)
    return line.replace(b'"protocol":1', b'"protocol":%d' % version)


@pytest.mark.parametrize("modality", Modality)
def test_every_request_fits_its_schema(modality: Modality) -> None:
    schemas.check(json.loads(protocol.initialize(0, modality, 7, 64)), "initialize_request")
    schemas.check(json.loads(protocol.predict_pairs(1, [ASKED], modality)), "predict_pairs_request")


def test_every_reply_of_serve_fits_its_schema_and_is_read_back() -> None:
    first, second = served([hello(), protocol.predict_pairs(1, [ASKED], Modality.VISION_TEXT)])
    schemas.check(first, "initialize_reply")
    schemas.check(second, "predict_pairs_reply")
    assert protocol.read_hello(json.dumps(first).encode(), 0, 64).batch == 8
    assert protocol.read_reply(json.dumps(second).encode(), 1, [ASKED.id]).p_in_order == {ASKED.id: 0.5}


def test_replies_with_vectors_fit_as_well() -> None:
    answers = "[Embedded(0.5, vector, vector, vector) for _ in pairs]"
    requests = [hello(), protocol.predict_pairs(1, [ASKED], Modality.VISION_TEXT)]
    first, second = served(requests, answers, embeddings=True)
    schemas.check(second, "predict_pairs_reply")
    assert first["result"]["embeddings"] is True
    assert set(second["result"]["predictions"][0]["embeddings"]) == {"first", "second", "text"}
    assert array.array("f", [1.0, 2.0]).itemsize == 4


def test_serve_refuses_a_version_that_it_does_not_speak() -> None:
    (only,) = served([hello(version=2), protocol.predict_pairs(1, [ASKED], Modality.VISION_TEXT)])
    schemas.check(only, "initialize_reply")
    assert only["error"]["message"] == "this predictor speaks protocol 1, not 2"


def test_serve_answers_an_unknown_method_with_an_error() -> None:
    _, second = served([hello(), b'{"jsonrpc":"2.0","id":1,"method":"tell_answers","params":{}}\n'])
    schemas.check(second, "predict_pairs_reply")
    assert second["error"]["message"] == "unknown method tell_answers"


def test_the_session_in_the_document_fits_the_schemas() -> None:
    lines = re.findall(r"^(->|<-) (\{.*\})$", DOCUMENT, re.MULTILINE)
    assert len(lines) == 4
    names = ["initialize_request", "initialize_reply", "predict_pairs_request", "predict_pairs_reply"]
    for (_, text), name in zip(lines, names, strict=True):
        schemas.check(json.loads(text), name)


def test_the_error_in_the_document_fits() -> None:
    (text,) = re.findall(r"`(\{[^`]*\"error\"[^`]*\})`", DOCUMENT)
    schemas.check(json.loads(text), "predict_pairs_reply")


@pytest.mark.parametrize(
    "wrong",
    [
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "id": 1, "result": {"predictions": [{"id": "q", "p_in_order": 1.5}]}},
        {"jsonrpc": "2.0", "id": 1, "result": {"predictions": [{"id": "q"}]}},
        {"jsonrpc": "2.0", "id": "1", "result": {"predictions": []}},
    ],
)
def test_the_schema_of_a_reply_refuses_what_the_harness_refuses(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        schemas.check(wrong, "predict_pairs_reply")


def test_the_limits_in_the_document_are_the_ones_in_force() -> None:
    limits = Limits()
    said = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", DOCUMENT.split("## Limits")[1], re.MULTILINE))
    assert said["until the reply to `initialize`"] == f"{limits.startup_s:g} s"
    assert said["until the reply to a batch"] == f"{limits.batch_s:g} s"
    assert said["a whole run"] == f"{limits.total_s / 3600:g} h"
    assert said["one line of a reply"] == f"{protocol.MAX_LINE_BYTES:,} bytes"
    assert said["pairs in a batch"] == str(protocol.MAX_BATCH)
    assert said["memory"] == f"what `submission.toml` asks for, {limits.memory_gib:g} GiB at most"
    assert said["processes and threads"] == str(limits.processes)
    assert said["files in `$HOME` and `/tmp`, in memory"] == f"{limits.scratch_mib} MiB"
    assert said["`/dev/shm`"] == f"{limits.shared_mib} MiB"
    assert said["kept of standard error"] == f"{limits.log_bytes:,} bytes"
