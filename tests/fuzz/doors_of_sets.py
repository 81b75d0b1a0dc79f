"""Frozen sets, and what asks them: submissions, journals, vectors, checkpoints, the protocol's replies."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from harness.contract import bundle, checksums, decoding, frozen_set, protocol, release, submission
from harness.contract.result import RunIdentity
from harness.records import Modality, Prediction
from harness.run import pictures as shown
from harness.run import plan, vectors
from harness.run.journal import AnsweredBatch, Journal
from harness.run.judging import SCORING_KEY
from harness.run.plan import Variant
from harness.sandbox.base import Limits
from harness.statistics import scoring
from submissions.shared import checkpoint, published
from tests.dataset_builder import crawls
from tests.fuzz.door import BYTES, JSON, TEXT, Door, make_submission, small_set


def _make_set(folder: Path) -> None:
    small_set(folder)


def _use_set(folder: Path) -> None:
    """Seal what lies there, as whoever builds a set by hand would; then ask it, score it and describe it."""
    checksums.seal(folder / "test")
    _use_sealed_set(folder)


def _use_sealed_set(folder: Path) -> None:
    frozen = frozen_set.load(folder / "test")
    guesses = {pair.pair_id: 0.75 for pair in frozen.questions}
    for number in plan.plan(frozen, 4, Modality.VISION_TEXT, 2, b"key"):
        for batch in number.batches:
            asked = [protocol.SentQuestion("q", ask.shown, "/exchange/a.png", "/exchange/b.png") for ask in batch]
            protocol.predict_pairs(1, asked, Modality.VISION_TEXT)
    scores = scoring.score(frozen.questions, frozen.truths, guesses, SCORING_KEY)
    counts = bundle.count_articles(frozen, guesses)
    decoding.json_page({"set": frozen.identity, "scores": scores, "counts": [str(c) for c in counts]}).encode()
    release.secret(frozen, b"k" * 32)


def _make_picture(folder: Path) -> None:
    (folder / "picture.png").write_bytes(crawls.picture("one"))


def _use_picture(folder: Path) -> None:
    for variant in (Variant.PERTURBED, Variant.REPLACED):
        shown.render((folder / "picture.png").read_bytes(), variant)


def _use_submission(folder: Path) -> None:
    found = submission.load(folder)
    Limits().memory_bytes(found)
    decoding.json_page(bundle.describe_submission(found, None, None)).encode()


IDENTITY = RunIdentity(
    set="0" * 64,
    submission="1" * 64,
    image=None,
    weights=None,
    modality=Modality.TEXT,
    protocol=1,
    seed=7,
    probed=0,
    sandbox="process",
    harness="0.1.0",
)


def _make_journal(folder: Path) -> None:
    frozen = small_set(folder / "set")
    with Journal(folder / "journal", IDENTITY) as journal:
        journal.agree_on(4)
        for start in (0, 4):
            asked = frozen.questions[start : start + 4]
            journal.append(AnsweredBatch(tuple(Prediction(pair.pair_id, 0.5) for pair in asked), 0.25))


def _use_journal(folder: Path) -> None:
    """Read it as a resumed run does: what it answered is planned around, timed and scored."""
    frozen = frozen_set.load(folder / "set/test")
    with Journal(folder / "journal", IDENTITY) as journal:
        if journal.batch_size:
            plan.plan(frozen, journal.batch_size, Modality.TEXT, 2, journal.key)
        if journal.batches:
            np.percentile([batch.seconds for batch in journal.batches], [50, 99])
        lines = [{"pair_id": p.pair_id, "p_in_order": p.p_in_order} for b in journal.batches for p in b.predictions]
        "".join(map(decoding.json_line, lines)).encode()


def _make_vectors(folder: Path) -> None:
    small_set(folder / "set")
    drawn = np.random.Generator(np.random.Philox(7)).standard_normal((8, 3, 4)).astype("<f4")
    (folder / "journal.vectors").write_bytes((4).to_bytes(8, "little") + drawn.tobytes())


def _use_vectors(folder: Path) -> None:
    frozen = frozen_set.load(folder / "set/test")
    vectors.VectorFile(folder / "journal.vectors", len(frozen.questions))
    asked = [pair.pair_id for pair in frozen.questions]
    found = vectors.add_up(folder / "journal.vectors", frozen, asked, SCORING_KEY)
    vectors.save(found, folder)
    decoding.json_page(found.finish(SCORING_KEY))


def _make_lock(folder: Path) -> None:
    lock = {"clip": {"model.safetensors": "0" * 64, "config.json": "1" * 64}}
    (folder / "weights.lock.json").write_text(json.dumps(lock, indent=2), encoding="utf-8")


def _use_lock(folder: Path) -> None:
    for held in published.read_lock(folder / "weights.lock.json").values():
        json.dumps(held).encode()


def _make_record(folder: Path) -> None:
    record = {"format": 1, "baseline": "clip", "modality": "vision+text", "category": None, "start": "from scratch"}
    record |= {"data": {"train": "0", "validation": "1"}, "pairs": {"train": 2, "validation": 1}}
    record |= {"settings": {"seed": 0}, "best_epoch": 1, "validation_accuracy": 0.5}
    (folder / "recipe.json").write_text(json.dumps(record, indent=2), encoding="utf-8")


def _use_record(folder: Path) -> None:
    checkpoint.read_record(folder)


IDS = {"q1": "pair-1", "q2": "pair-2"}


def _reply(folder: Path, result: dict[str, Any]) -> None:
    (folder / "line").write_text(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}) + "\n", encoding="utf-8")


def _make_hello(folder: Path) -> None:
    _reply(folder, {"name": "coin", "batch": 16, "embeddings": True})


def _use_hello(folder: Path) -> None:
    protocol.read_hello((folder / "line").read_bytes(), 1, 64)


def _make_answers(folder: Path) -> None:
    vector = base64.b64encode(np.array([1, 2, 3], dtype="<f4").tobytes()).decode()
    sent = {"first": vector, "second": vector, "text": vector}
    _reply(folder, {"predictions": [{"id": name, "p_in_order": 0.5, "embeddings": sent} for name in IDS]})


def _use_answers(folder: Path) -> None:
    line = (folder / "line").read_bytes()
    found = protocol.read_reply(line, 1, list(IDS))
    decoding.json_page(dict(found.p_in_order))
    vectors.decode([(pair_id, found.embeddings[name]) for name, pair_id in IDS.items()])


DOORS = (
    Door("set: manifest", "test/manifest.json", JSON, _make_set, _use_set),
    Door("set: questions", "test/questions.jsonl", JSON, _make_set, _use_set),
    Door("set: answers", "test/answers/answers.jsonl", JSON, _make_set, _use_set),
    Door("set: SHA256SUMS", "test/SHA256SUMS", TEXT, _make_set, _use_sealed_set),
    Door("set: picture", "picture.png", (BYTES,), _make_picture, _use_picture),
    Door("submission.toml", "submission.toml", TEXT, make_submission, _use_submission),
    Door("journal", "journal", JSON, _make_journal, _use_journal),
    Door("vectors beside the journal", "journal.vectors", (BYTES,), _make_vectors, _use_vectors),
    Door("weights.lock.json", "weights.lock.json", JSON, _make_lock, _use_lock),
    Door("recipe.json of a checkpoint", "recipe.json", JSON, _make_record, _use_record),
    Door("protocol: reply to initialize", "line", JSON, _make_hello, _use_hello),
    Door("protocol: reply to predict_pairs", "line", JSON, _make_answers, _use_answers),
)
