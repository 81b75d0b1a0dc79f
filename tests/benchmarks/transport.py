"""What does the sandbox cost? The fixed cost of a run, and pairs a second with a predictor that does nothing.

    python -m tests.benchmarks.transport [docker] [process]

Pairs travel in batches of 64 with two pictures of 60 KB each. "asked" is all that an evaluation does between the first
question and the last answer, journal included; "bare" is a loop that reads the same pictures and calls the predictor.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from harness import questions, testset
from harness.asking import Asking, Order
from harness.records import Modality
from harness.sandbox.base import Launch, Limits, Sandbox
from harness.submission import Submission
from tests import sets
from tests.hostile import arena

BATCH, PICTURE_BYTES, ARTICLES, PAIRS_PER_ARTICLE, STARTS = 64, 60_000, 400, 10, 10
NULL = """\
import json, sys
for line in sys.stdin.buffer:
    request = json.loads(line)
    pairs = request["params"].get("pairs")
    result = {"name": "null", "batch": 64} if pairs is None else {
        "predictions": [{"id": pair["id"], "p_in_order": 0.5} for pair in pairs]}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\\n")
    sys.stdout.flush()
"""


def main() -> None:
    kinds = sys.argv[1:] or ["docker", "process"]
    with tempfile.TemporaryDirectory() as name, null_predictor() as subject:
        with mock.patch.object(sets, "_picture", lambda name, place: padding(f"{name} {place}")):
            frozen = sets.tiny_set(Path(name), articles=ARTICLES, pairs_per_article=PAIRS_PER_ARTICLE)
        print(f"{'bare':<8} {bare(frozen):8.0f} pairs/s")
        for kind in kinds:
            sandbox = arena.sandbox_of(kind)
            image = sandbox.prepare(subject)
            fixed = statistics.median(start(sandbox, subject, image, Path(name)) for _ in range(STARTS))
            print(f"{kind:<8} {asked(sandbox, subject, image, frozen, Path(name)):8.0f} pairs/s, a run {fixed:.2f} s")
            sandbox.close()


def padding(seed: str) -> bytes:
    return hashlib.shake_256(seed.encode()).digest(PICTURE_BYTES)


@contextmanager
def null_predictor() -> Iterator[Submission]:
    with arena.reachable_corpus() as corpus:
        manifest = (corpus / "submission.toml").read_text().replace("batch = 4", f"batch = {BATCH}")
        (corpus / "submission.toml").write_text(manifest)
        (corpus / "null.py").write_text(NULL)
        yield arena.load(corpus, "null")


def bare(frozen: testset.FrozenSet) -> float:
    """Pairs a second of a loop that reads and answers, without sandbox, journal or protocol."""
    began = time.perf_counter()
    (asked,) = questions.plan(frozen, BATCH, Modality.VISION_TEXT, 0)[:1]
    read = 0
    for batch in asked.batches:
        for question in batch:
            read += sum(
                len(frozen.picture(step).read_bytes()) for step in (question.shown.first, question.shown.second)
            )
    assert read == 2 * PICTURE_BYTES * len(frozen.questions)
    return len(frozen.questions) / (time.perf_counter() - began)


def start(sandbox: Sandbox, subject: Submission, image: str | None, folder: Path) -> float:
    """Seconds to create, start, greet and tear down."""
    from harness import protocol

    exchange = folder / "exchange"
    exchange.mkdir(exist_ok=True)
    launch = Launch(subject, image, exchange, None, folder, folder / "log", Limits())
    began = time.perf_counter()
    with sandbox.open(launch) as session:
        session.channel.send(protocol.initialize(0, Modality.TEXT, 0, BATCH), 10)
        protocol.read_hello(session.channel.receive(10), 0, BATCH)
    return time.perf_counter() - began


def asked(sandbox: Sandbox, subject: Submission, image: str | None, frozen: testset.FrozenSet, folder: Path) -> float:
    order = Order(subject, frozen, Modality.VISION_TEXT, 0, None, Limits(), 0)
    journal = folder / f"{sandbox.name}.journal"
    asking = Asking(order, sandbox, image, journal, {}, folder / "log", lambda *_: None)
    asking.run()
    return len(frozen.questions) / asking.asked.starts[0].asking_s


if __name__ == "__main__":
    main()
