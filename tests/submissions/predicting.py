"""Asks a submission in a process of its own, through the protocol's own doors."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.contract import frozen_set, protocol
from harness.contract.protocol import SentQuestion
from harness.records import Modality

ROOT = Path(__file__).parents[2]
BATCH = 16


def ask(
    folder: Path,
    test: frozen_set.FrozenSet,
    modality: Modality,
    seed: int = 7,
    command: Sequence[str] = ("predict.py",),
    environment: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """p_in_order of every pair of the set."""
    batches = [test.questions[start : start + BATCH] for start in range(0, len(test.questions), BATCH)]
    requests = [protocol.initialize(0, modality, seed, 64)]
    for number, batch in enumerate(batches, 1):
        questions = [
            SentQuestion(q.pair_id, q, str(test.picture(q.first)), str(test.picture(q.second)))
            if modality.sends_images
            else SentQuestion(q.pair_id, q, None, None)
            for q in batch
        ]
        requests.append(protocol.predict_pairs(number, questions, modality))
    process = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(environment or {}),
        input=b"".join(requests),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr.decode()
    hello, *replies = process.stdout.splitlines()
    protocol.read_hello(hello, 0, 64)
    answers: dict[str, float] = {}
    for number, (batch, reply) in enumerate(zip(batches, replies, strict=True), 1):
        answers |= protocol.read_reply(reply, number, [question.pair_id for question in batch]).p_in_order
    return answers
