"""What does a sandbox cost? A run's fixed cost, pairs a second of a predictor that does nothing, a working one's time.

    python -m tests.benchmarks.transport

Pairs travel in batches of 64 with two pictures of 60 KB each. "Asking" is all between the first question and the last
answer, journal included. A bare loop is one process that reads the same pictures and calls the same predictor: no
sandbox, no protocol, no journal. The model of 2 ms reads its pictures and spends 2 ms of processor on each pair.
"""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from harness.contract import protocol
from harness.contract.frozen_set import FrozenSet
from harness.contract.submission import Submission
from harness.errors import HarnessError
from harness.records import Modality
from harness.run import pipeline, plan
from harness.run.session import Evaluation, EvaluationSession
from harness.sandbox.base import Launch, Limits, Sandbox
from tests import sets
from tests.benchmarks import measuring
from tests.benchmarks.measuring import FAST, LONG, Row, Size, Timed, absent, at_least, at_most, compared, in_turns
from tests.hostile import arena

BATCH, PICTURE_BYTES, PAIRS_PER_ARTICLE = 64, 60_000, 10
ARTICLES = {Size.TINY: 8, Size.QUICK: 400, Size.FULL: 3_300}
GROWTH = {Size.TINY: (8,), Size.QUICK: (40, 130, 400), Size.FULL: (40, 130, 400, 1_300, 3_300)}  # articles
REPEATS = {Size.TINY: 1, Size.QUICK: 3, Size.FULL: 3}
STARTS = {Size.TINY: 1, Size.QUICK: 10, Size.FULL: 10}
SANDBOXES = ("docker", "process")
NULL = """\
def answer(pairs):
    return [0.5 for _ in pairs]
"""
WORKING = """\
import hashlib, time
def answer(pairs):
    answers = []
    for pair in pairs:
        end = time.thread_time() + 0.002
        digest = hashlib.sha256()
        for step in ("first", "second"):
            with open(pair[step]["image"], "rb") as stream:
                digest.update(stream.read())
        while time.thread_time() < end:
            digest.update(b"some more work")
        answers.append(digest.digest()[0] / 255)
    return answers
"""
LOOP = """\
import json, sys
for line in sys.stdin.buffer:
    request = json.loads(line)
    pairs = request["params"].get("pairs")
    result = {"name": "measured", "batch": 64} if pairs is None else {
        "predictions": [{"id": pair["id"], "p_in_order": p} for pair, p in zip(pairs, answer(pairs))]}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\\n")
    sys.stdout.flush()
"""


def rows(size: Size) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name, predictors() as subjects:
        frozen = padded(Path(name), ARTICLES[size])
        for kind in SANDBOXES:
            try:
                sandbox = arena.sandbox_of(kind)
                sandbox.prepare(subjects["null"])
            except HarnessError as error:  # no engine, or no image to build on
                yield absent(f"the {kind} sandbox", str(error))
                continue
            with tempfile.TemporaryDirectory() as folder:
                yield from costs(sandbox, subjects, frozen, Path(folder), size)
                if kind == "process":
                    yield from growth(sandbox, subjects["null"], Path(folder), size)
            sandbox.close()


def costs(
    sandbox: Sandbox, subjects: dict[str, Submission], frozen: FrozenSet, folder: Path, size: Size
) -> Iterator[Row]:
    null, working, repeats = subjects["null"], subjects["working"], REPEATS[size]
    image = sandbox.prepare(null)
    starts = tuple(start(sandbox, null, image, folder) for _ in range(STARTS[size]))
    yield Row(f"a run's fixed cost, {sandbox.name}", "", starts, "s", at_most(1.5))
    turns = list(in_turns(lambda: asked(sandbox, null, image, frozen, folder), lambda: bare(frozen, NULL), repeats + 1))
    pairs, turns = len(frozen.questions), turns[1:]
    rates = tuple(pairs / ours.seconds for ours, _ in turns)
    limit = "two pictures of 60 KB a pair are read, copied and told of on two cores"
    yield Row(f"asking a null predictor, {sandbox.name}", "", rates, "pairs/s", at_least(10_000), limit)
    ratios = tuple(theirs.seconds / ours.seconds for ours, theirs in turns)
    yield Row(f"asking a null predictor, {sandbox.name}", "a bare loop", ratios, FAST, None, limit)
    worked = list(in_turns(lambda: evaluated(sandbox, working, frozen, folder), lambda: bare(frozen, WORKING), repeats))
    whole = tuple(ours.seconds / theirs.seconds for ours, theirs in worked)
    asking = tuple(ours.result / theirs.seconds for ours, theirs in worked)
    for what, found, word in (
        ("asking", asking, "the harness shares the machine with the model"),
        ("evaluate, whole", whole, "the start, and scoring with its resamples, once a run"),
    ):
        named = f"{what}, {pairs:,} pairs of 2 ms, {sandbox.name}"
        yield Row(named, "the same model in a bare loop", found, LONG, at_most(1.05), word)


def growth(sandbox: Sandbox, null: Submission, folder: Path, size: Size) -> Iterator[Row]:
    """The same of sets of other sizes, which are made and removed one by one."""
    image = sandbox.prepare(null)
    for articles in GROWTH[size]:
        with tempfile.TemporaryDirectory() as name:
            frozen = padded(Path(name), articles)
            yield compared(
                f"asking a null predictor, {len(frozen.questions):,} pairs, {sandbox.name}",
                "a bare loop",
                partial(asked, sandbox, null, image, frozen, folder),
                partial(bare, frozen, NULL),
                repeats=REPEATS[size],
                limit="two pictures of 60 KB a pair are read, copied and told of on two cores",
                curve="evaluate a null predictor",
                size=len(frozen.questions),
            )


def padded(folder: Path, articles: int) -> FrozenSet:
    """A set whose pictures are of the size of photographs."""
    with mock.patch.object(sets, "_picture", lambda article, place: padding(f"{article} {place}")):
        return sets.tiny_set(folder, articles=articles, pairs_per_article=PAIRS_PER_ARTICLE)


def padding(seed: str) -> bytes:
    return hashlib.shake_256(seed.encode()).digest(PICTURE_BYTES)


@contextmanager
def predictors() -> Iterator[dict[str, Submission]]:
    with arena.reachable_corpus() as corpus:
        manifest = (corpus / "submission.toml").read_text().replace("batch = 4", f"batch = {BATCH}")
        (corpus / "submission.toml").write_text(manifest)
        for name, answer in (("null", NULL), ("working", WORKING)):
            (corpus / f"{name}.py").write_text(answer + LOOP)
        yield {name: arena.load(corpus, name) for name in ("null", "working")}


def bare(frozen: FrozenSet, program: str) -> Timed:
    """A loop that reads each picture and calls the predictor, without sandbox, journal or protocol."""
    space: dict[str, Any] = {}
    exec(program, space)
    answer: Callable[[list[dict[str, Any]]], list[float]] = space["answer"]
    (asked,) = plan.plan(frozen, BATCH, Modality.VISION_TEXT, 0, b"a bare loop")[:1]
    began = time.perf_counter()
    read = 0
    for batch in asked.batches:
        pairs = []
        for ask in batch:
            images = [str(frozen.picture(step)) for step in (ask.shown.first, ask.shown.second)]
            if program is NULL:  # the other reads them itself
                read += sum(len(Path(image).read_bytes()) for image in images)
            pairs.append({"first": {"image": images[0]}, "second": {"image": images[1]}})
        assert len(answer(pairs)) == len(batch)
    seconds = time.perf_counter() - began
    assert read == (2 * PICTURE_BYTES * len(frozen.questions) if program is NULL else 0)
    return Timed(seconds, read)


def start(sandbox: Sandbox, subject: Submission, image: str | None, folder: Path) -> float:
    """Seconds to create, start, greet and tear down."""
    exchange = folder / "exchange"
    exchange.mkdir(exist_ok=True)
    launch = Launch(subject, image, exchange, None, folder, folder / "log", Limits())
    began = time.perf_counter()
    with sandbox.open(launch) as session:
        session.channel.send(protocol.initialize(0, Modality.TEXT, 0, BATCH), 10)
        protocol.read_hello(session.channel.receive(10), 0, BATCH)
    return time.perf_counter() - began


def asked(sandbox: Sandbox, subject: Submission, image: str | None, frozen: FrozenSet, folder: Path) -> Timed:
    """Seconds of asking a whole set."""
    journal = folder / "journal"
    journal.unlink(missing_ok=True)
    evaluation = Evaluation(subject, frozen, Modality.VISION_TEXT, 0, None, Limits(), 0)
    asking = EvaluationSession(evaluation, sandbox, image, journal, folder / "log", lambda *_: None)
    asking.run()
    assert len(asking.transcript.predictions) == len(frozen.questions)
    return Timed(statistics.fmean(start.asking_s for start in asking.transcript.starts), None)


def evaluated(sandbox: Sandbox, subject: Submission, frozen: FrozenSet, folder: Path) -> Timed:
    """Seconds of a whole evaluation, and of its asking alone."""
    evaluation = Evaluation(subject, frozen, Modality.VISION_TEXT, 0, None, Limits(), 0)
    began = time.perf_counter()
    found = pipeline.evaluate(evaluation, sandbox, folder, lambda *_: None, fresh=True)
    seconds = time.perf_counter() - began
    assert len(found.predictions) == len(frozen.questions)
    return Timed(seconds, found.timings.starts[0].asking_s if found.timings.starts else 0.0)


if __name__ == "__main__":
    measuring.main(rows, __doc__)
