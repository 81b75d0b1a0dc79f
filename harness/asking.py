"""Asking one predictor the whole plan: a request out, an answer journaled, the next batch read meanwhile."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import keyed, protocol, questions
from harness.exchange import Exchange
from harness.journal import Entry, Journal
from harness.protocol import Hello, Question
from harness.records import HarnessError, Modality, Prediction, StepPair, SubmissionError
from harness.sandbox.base import Launch, Limits, Sandbox, Session
from harness.submission import Submission
from harness.testset import FrozenSet

SAME = 1e-4  # two answers to one question closer than this agree: a GPU's sums move in the seventh digit
LAST_WORDS = 200  # characters of the predictor's log that a failure quotes

Watch = Callable[[str, int, int], None]  # (phase, pairs done, pairs in all)


@dataclass(frozen=True)
class Order:
    """What is to be evaluated: a submission, on a set, in one modality, under limits."""

    submission: Submission
    frozen: FrozenSet
    modality: Modality
    seed: int
    weights: Path | None
    limits: Limits


@dataclass(frozen=True)
class Asked:
    """What came of the asking. stateful: the predictor answered a question otherwise when it was asked again."""

    predictions: tuple[Prediction, ...]
    latencies_s: tuple[float, ...]
    startup_s: float
    asking_s: float
    resumed_at: int
    stateful: bool


def ask(
    order: Order,
    sandbox: Sandbox,
    image: str | None,
    journal_path: Path,
    identity: Mapping[str, Any],
    log: Path,
    watch: Watch,
) -> Asked:
    """Start the predictor and ask whatever the journal does not hold yet; the last batch in it is asked again."""
    with tempfile.TemporaryDirectory(prefix="wikiorder-exchange-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the predictor is another user; its view is read-only
        launch = Launch(order.submission, image, folder, order.weights, log, order.limits)
        watch("starting", 0, 0)
        began = time.monotonic()
        with sandbox.open(launch) as session:
            try:
                hello = _greet(session, order)
                startup_s = time.monotonic() - began
                with Journal(journal_path, {**identity, "batch": hello.batch}) as journal:
                    return _ask_all(order, session, hello, journal, folder, startup_s, watch)
            except SubmissionError as error:
                raise SubmissionError(f"{error} ({_last_words(session, log)})") from None


def _greet(session: Session, order: Order) -> Hello:
    limit = order.submission.resources.batch
    session.channel.send(protocol.initialize(0, order.modality, order.seed, limit), order.limits.startup_s)
    return protocol.read_hello(session.channel.receive(order.limits.startup_s), 0, limit)


def _ask_all(
    order: Order, session: Session, hello: Hello, journal: Journal, folder: Path, startup_s: float, watch: Watch
) -> Asked:
    batches = questions.plan(order.frozen, hello.batch)
    resumed_at = max(0, len(journal.entries) - 1)  # the last journaled batch is asked again
    total, done = len(order.frozen.questions), sum(map(len, batches[:resumed_at]))
    began = time.monotonic()
    stateful = False
    with (
        Exchange(folder, 2 * hello.batch, journal.key) as exchange,
        ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader,
    ):
        ahead: Future[list[bytes]] = reader.submit(_read, order, batches[resumed_at])
        for number in range(resumed_at, len(batches)):
            pairs, pictures = batches[number], _pictures(ahead)
            if number + 1 < len(batches):
                ahead = reader.submit(_read, order, batches[number + 1])
            if time.monotonic() - began > order.limits.total_s:
                raise SubmissionError(f"took over {order.limits.total_s:g} s for {done} of {total} pairs")
            slots = exchange.fill(number, pictures) if pictures else []
            entry = _ask_batch(order, session, journal.key, number, pairs, slots)
            if number < len(journal.entries):
                stateful = not _agree(journal.entries[number].predictions, entry.predictions)
            else:
                journal.append(entry)
            done += len(pairs)
            watch("asking", done, total)
    return Asked(
        predictions=tuple(prediction for entry in journal.entries for prediction in entry.predictions),
        latencies_s=tuple(entry.seconds for entry in journal.entries),
        startup_s=startup_s,
        asking_s=time.monotonic() - began,
        resumed_at=resumed_at,
        stateful=stateful,
    )


def _ask_batch(
    order: Order, session: Session, key: bytes, number: int, pairs: Sequence[StepPair], slots: Sequence[str]
) -> Entry:
    paths = [f"{session.exchange}/{slot}" for slot in slots]
    images = list(zip(paths[::2], paths[1::2], strict=True)) if paths else [(None, None)] * len(pairs)
    ids = {keyed.token(key, "pair", pair.pair_id): pair.pair_id for pair in pairs}
    asked = [Question(opaque, pair, *image) for opaque, pair, image in zip(ids, pairs, images, strict=True)]
    began = time.monotonic()
    session.channel.send(protocol.predict_pairs(number + 1, asked, order.modality), order.limits.batch_s)
    reply = session.channel.receive(order.limits.batch_s)
    seconds = time.monotonic() - began
    return Entry(tuple(protocol.read_predictions(reply, number + 1, ids)), seconds)


def _read(order: Order, pairs: Sequence[StepPair]) -> list[bytes]:
    """The pictures of a batch, first and second step by turns; none where the modality sends none."""
    if not order.modality.sends_images:
        return []
    return [order.frozen.picture(step).read_bytes() for pair in pairs for step in (pair.first, pair.second)]


def _pictures(ahead: Future[list[bytes]]) -> list[bytes]:
    try:
        return ahead.result()
    except OSError as error:
        raise HarnessError(
            f"{error.filename}: {error.strerror}; the set changed or went away while it was asked"
        ) from None


def _agree(before: Sequence[Prediction], after: Sequence[Prediction]) -> bool:
    return all(abs(b.p_in_order - a.p_in_order) <= SAME for b, a in zip(before, after, strict=True))


def _last_words(session: Session, log: Path) -> str:
    """How the predictor stands, and the last line it printed."""
    ending = f"the predictor {session.ending()}"
    session.channel.close()
    lines = log.read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
    return f"{ending}; it last printed {lines[-1][:LAST_WORDS]!r}" if lines else ending
