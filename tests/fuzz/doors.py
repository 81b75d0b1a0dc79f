"""Every door through which strangers' bytes come in: how a valid file is made, and the road that its content goes.

A door reads as its command does, and goes on to where the content is used: what is read and then cannot be scored,
ranked or written is as bad as what cannot be read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dataset_builder import asking_people, duplicates, filters, inputs, pictures, sources, spec, splitting
from harness import (
    bundle,
    checksums,
    files,
    protocol,
    questions,
    release,
    results,
    signature,
    submission,
    testset,
    vectors,
    verification,
)
from harness.analysis.study import study
from harness.journal import Entry, Journal
from harness.judging import SCORING_KEY
from harness.questions import Variant
from harness.records import Modality, Prediction
from harness.sandbox.base import Limits
from harness.statistics import scoring
from leaderboard import card, erratum, filing, markdown, page, policy, predictions
from leaderboard.board import document
from leaderboard.collect import collect
from submissions.recipe import model, published
from tests import bundles
from tests.dataset_builder import crawls
from tests.sets import tiny_set

BYTES, TOKENS, VALUES = "bytes", "tokens", "values"
TEXT, JSON = (BYTES, TOKENS), (BYTES, TOKENS, VALUES)


@dataclass(frozen=True)
class Door:
    """file: what is damaged, below the folder that `make` fills. read: from the folder to where the content ends."""

    name: str
    file: str
    damage: tuple[str, ...]
    make: Callable[[Path], None]
    read: Callable[[Path], object]


def _set(folder: Path, **more: Any) -> testset.FrozenSet:
    return tiny_set(folder, articles=4, pairs_per_article=2, **more)


def _make_set(folder: Path) -> None:
    _set(folder)


def _use_set(folder: Path) -> None:
    """Seal what lies there, as whoever builds a set by hand would; then ask it, score it and describe it."""
    checksums.seal(folder / "test")
    _use_sealed_set(folder)


def _use_sealed_set(folder: Path) -> None:
    frozen = testset.load(folder / "test")
    guesses = {pair.pair_id: 0.75 for pair in frozen.questions}
    for number in questions.plan(frozen, 4, Modality.VISION_TEXT, 2):
        for batch in number.batches:
            asked = [protocol.Question("q", ask.shown, "/exchange/a.png", "/exchange/b.png") for ask in batch]
            protocol.predict_pairs(1, asked, Modality.VISION_TEXT)
    scores = scoring.score(frozen.questions, frozen.answers, guesses, SCORING_KEY)
    counts = bundle.count_articles(frozen, guesses)
    files.json_page({"set": bundle.describe_set(frozen), "scores": scores, "counts": [str(c) for c in counts]}).encode()
    release.secret(frozen, b"k" * 32)


def _make_picture(folder: Path) -> None:
    (folder / "picture.png").write_bytes(crawls.picture("one"))


def _use_picture(folder: Path) -> None:
    for variant in (Variant.PERTURBED, Variant.BLANKED):
        from harness.pictures import render

        render((folder / "picture.png").read_bytes(), variant)


MANIFEST = """\
name = "coin"
title = "Coin"
kind = "control"
authors = ["A. Author"]
licence = "Apache-2.0"
paper = "https://example.org"
parameters = 0
modalities = ["vision+text", "vision", "text"]
command = ["python3", "predict.py"]
training_data = ["none"]

[image]
dockerfile = "Dockerfile"

[resources]
gpu = false
memory_gib = 0.5
batch = 16
"""


def _make_submission(folder: Path) -> None:
    (folder / "submission.toml").write_text(MANIFEST, encoding="utf-8")


def _use_submission(folder: Path) -> None:
    found = submission.load(folder)
    Limits().memory_bytes(found)
    files.json_page(bundle.describe_submission(found, None, None)).encode()


def _make_bundle(folder: Path) -> None:
    frozen = _set(folder / "set")
    root = bundles.write(folder / "board/results", frozen, "clip")
    for modality in (Modality.VISION, Modality.TEXT):
        bundles.write(folder / "board/results", frozen, "clip", modality)
    probes = [Prediction(f"{frozen.questions[0].pair_id}:swapped", 0.25)]
    found = bundle.read(root)
    given = {"finished": "2026-11-23T12:00:00+00:00", "wall_s": 1.5, "pairs_per_s": 12.0}
    bundle.write(root, _with_embeddings(found, root, frozen), found.articles, found.predictions, probes, given)


def _with_embeddings(found: bundle.Bundle, root: Path, frozen: testset.FrozenSet) -> Mapping[str, Any]:
    drawn = np.random.Generator(np.random.Philox(7)).standard_normal((8, 3, 4)).astype("<f4")
    path = root.parent / "vectors"
    path.write_bytes((4).to_bytes(8, "little") + drawn.tobytes())
    added = vectors.add_up(path, frozen, [pair.pair_id for pair in frozen.questions], SCORING_KEY)
    path.unlink()
    vectors.save(added, root)
    return found.result | {"embeddings": added.finish(SCORING_KEY)}


def _root(folder: Path) -> Path:
    return folder / "board/results/clip/tiny-1.0-test/vision_text"


def _use_bundle(folder: Path) -> None:
    checksums.seal(_root(folder))
    _use_sealed_bundle(folder)


def _use_sealed_bundle(folder: Path) -> None:
    """Verify, put on the board, make a model card and a report of it."""
    found = bundle.read(_root(folder))
    frozen = testset.load(folder / "set/test")
    board = document(collect(folder / "board/results"))
    files.json_page(board).encode()
    markdown.markdown(board).encode()
    page.page(board).encode()
    filing.place(found)
    if found.result["status"] == "scored":
        verification.from_counts(found)
        verification.from_answers(found, results.load_set(frozen.root, found), {})
        card.card(found)
        files.json_page(study([found], frozen, SCORING_KEY)).encode()
        vectors.require_sample(found.root)


def _make_hidden(folder: Path) -> None:
    frozen = _set(folder / "set")
    root = bundles.write(folder / "results", frozen, "clip")
    result = bundle.read(root).result
    hidden = result | {"set": result["set"] | {"visibility": "hidden"}}
    files.write(root / "result.json", files.json_page(hidden).encode())
    checksums.seal(root)
    bundle.publish(bundle.read(root), folder / "public/clip")


def _use_hidden(folder: Path) -> None:
    root = folder / "public/clip"
    checksums.seal(root)
    found = bundle.read(root)
    verification.from_counts(found) if found.result["status"] == "scored" else None
    files.json_page(document(collect(folder / "public"))).encode()
    _file(root, folder)


def _file(root: Path, folder: Path) -> None:
    """File a bundle on a new board, whatever it is."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(dir=folder) as name:
        filing.add(root, Path(name) / "results", new_set=True)


def _use_filing(folder: Path) -> None:
    checksums.seal(_root(folder))
    _file(_root(folder), folder)


def _make_erratum(folder: Path) -> None:
    _make_bundle(folder)
    old = testset.load(folder / "set/test")
    _set(folder / "corrected")
    manifest = testset.Manifest("tiny", "1.1", "test", "public", old.manifest.counts)
    testset.freeze(folder / "corrected/test", manifest, list(zip(old.questions, old.answers, strict=True)))


def _use_erratum(folder: Path) -> None:
    from shutil import rmtree

    checksums.seal(_root(folder))
    old, new = testset.load(folder / "set/test"), testset.load(folder / "corrected/test")
    try:
        erratum.rescore_all(folder / "board/results", old, new, {})
    finally:
        rmtree(folder / "board/results/clip/tiny-1.1-test", ignore_errors=True)


def _make_signed(folder: Path) -> None:
    _make_bundle(folder)
    key = signature.create_key(folder / "key.pem")
    for root in sorted((folder / "board/results").glob("*/*/vision*")):
        if root.is_dir():
            signature.sign(root, bundle.read(root).digest, key)
    line = f"{signature.public_name(key)} The tests\n"
    (folder / "board/trusted_keys").write_text(f"# whom we trust\n{line}", encoding="utf-8")
    (folder / "board/disqualified").write_text(f"{'0' * 64} it read the answers\n", encoding="utf-8")


def _use_signed(folder: Path) -> None:
    policy.read(folder / "board")
    markdown.markdown(document(collect(folder / "board/results"))).encode()


def _use_key(folder: Path) -> None:
    signature.public_name(signature.read_key(folder / "key.pem"))


def _make_predictions(folder: Path) -> None:
    frozen = _set(folder / "set")
    _make_submission(folder)
    lines = [files.json_line({"pair_id": pair.pair_id, "p_in_order": 0.25}) for pair in frozen.questions]
    (folder / "answers.jsonl").write_text("".join(lines), encoding="utf-8")


def _use_predictions(folder: Path) -> None:
    from tempfile import TemporaryDirectory

    frozen = testset.load(folder / "set/test")
    found = predictions.read(folder / "answers.jsonl", frozen)
    with TemporaryDirectory(dir=folder) as name:
        predictions.write(Path(name), submission.load(folder), frozen, {}, Modality.TEXT, found)


def _make_sheet(folder: Path) -> None:
    frozen = _set(folder / "set")
    said = {pair.pair_id: choice for pair, choice in zip(frozen.questions, ("first", "second", "none"), strict=False)}
    saved = {"format": 1, "set": frozen.digest, "answers": said}
    (folder / "answers.json").write_text(json.dumps(saved), encoding="utf-8")


def _use_sheet(folder: Path) -> None:
    from tempfile import TemporaryDirectory

    frozen = testset.load(folder / "set/test")
    answered = asking_people.read(folder / "answers.json", frozen)
    with TemporaryDirectory(dir=folder) as name:
        asking_people.score(frozen, None, answered, "anne", Path(name))


SPEC = """\
name = "small"
version = "1"
seed = "small"
licence = "CC0-1.0"
canaries = 4

[articles]
min_side = 32
min_steps = 2

[headlines]
scrub_ordinals = true

[pictures]
reencode = false

[duplicates]
titles = true
similar = true
distance = 4
difference = 6.0
max_articles = 5
max_share = 0.5

[pairs]
per_article = 0
within_method = false
balance = ""

[split]
train = 0.5
validation = 0.25
test = 0.25

[categories]
"Cooking" = { train = 4, validation = 2, test = 2 }
"Health" = { train = 2, validation = 2, test = 2 }
"""


def _make_spec(folder: Path) -> None:
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")


def _use_spec(folder: Path) -> None:
    found = spec.load(str(folder / "spec.toml"))
    for category in found.categories:
        found.shares(category)
    files.json_page(found.to_json()).encode()


ROWS = [crawls.article(number, steps=3) for number in range(3)]


def _picture_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(crawls.picture(name))


def _make_articles(folder: Path) -> None:
    crawls.crawl(folder, [{**row, "strata": {"kind": "both"}} for row in ROWS])


def _make_vgsi(folder: Path) -> None:
    lines = []
    for number in range(3):
        steps = [{"headline": f"Do {number} {i}.", "img": f"{number}_{i}", "step_id": f"{number}_{i}"} for i in (0, 1)]
        methods = [{"name": "One", "steps": steps}]
        row = {"file_id": number, "goal": f"Goal {number}", "category_hierarchy": ["Cooking"], "methods": methods}
        lines.append(json.dumps(row))
        _picture_files(folder, *(f"wiki_images/{step['img']}.png" for step in steps))
    (folder / "WikihowText_data.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_visualhow(folder: Path) -> None:
    rows = {
        f"{number}_0": {
            "article_id": str(number),
            "category": ["Cooking"],
            "article_title": f"How to Do {number}",
            "image_url": [f"https://example.org/{number}-{i}.png" for i in (0, 1)],
            "step_list": [f"Do {number}.", f"Then {number}."],
        }
        for number in range(3)
    }
    (folder / "wikiHow_data.json").write_text(json.dumps(rows), encoding="utf-8")
    kinds = [{"article_id": "0", "problem_index": 0, "dependency_type": "sequential"} for _ in range(2)]
    text = "".join(json.dumps(kind) + "\n" for kind in kinds)
    (folder / "visualHow_annotations.txt").write_text(text, encoding="utf-8")
    _picture_files(folder, *(f"images/{number}-{i}.png" for number in range(3) for i in (0, 1)))


def _make_sequencing(folder: Path) -> None:
    lines = []
    for number in range(3):
        steps = [
            {"step_headline": f"Do {number} {i}.", "step_assets": {"image-large": f"https://e.org/{number}-{i}.png"}}
            for i in (0, 1)
        ]
        row = {"url": f"https://e.org/{number}", "title": f"How to Do {number}", "sections": [{"steps": steps}]}
        lines.append(json.dumps({**row, "category_hierarchy": ["Cooking"]}))
        _picture_files(folder, *(f"images/{number}-{i}.png" for i in (0, 1)))
    (folder / "wikihow.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_wikiplan(folder: Path) -> None:
    for number in range(2):
        task = folder / f"task_{number}"
        _picture_files(folder, *(f"task_{number}/step_{i}.png" for i in (1, 2)))
        (task / "task.txt").write_text(f"Task: How to Do {number}\nmore\n", encoding="utf-8")
        for i in (1, 2):
            (task / f"step_{i}.txt").write_text(f"Do {number} {i}.\n", encoding="utf-8")
    (folder / "categories.csv").write_text('task,category\nHow to Do 0,Cooking\n"Do 1",Cooking\n', encoding="utf-8")


def _use_source(folder: Path) -> None:
    """Read, filter, look at every picture, group and split, as a build does."""
    from tempfile import TemporaryDirectory

    side_table = folder / "categories.csv"
    with TemporaryDirectory(dir=folder.parent) as pool:
        wanted = crawls.spec("[duplicates]\nmax_share = 1.0\n")
        ledger = filters.Ledger()
        articles = filters.by_text(
            sources.read(folder, None, side_table if side_table.exists() else None), wanted, ledger
        )
        seen = pictures.examine(folder, articles, Path(pool), wanted, workers=1)
        kept = filters.by_picture(articles, seen, ledger)
        groups = duplicates.group(kept, Path(pool), wanted)
        files.json_page({**ledger.to_json(), **groups.report}).encode()
        splitting.split(kept, groups.of, wanted)


def _make_note(folder: Path) -> None:
    _make_set(folder)
    inputs.remember(folder / "test", "1" * 64, checksums.verify(folder / "test")[0])


def _use_note(folder: Path) -> None:
    inputs.recall(folder / "test", "1" * 64)


IDENTITY = {"set": "0" * 64, "image": None, "seed": 7}


def _make_journal(folder: Path) -> None:
    frozen = _set(folder / "set")
    with Journal(folder / "journal", IDENTITY) as journal:
        journal.agree_on(4)
        for start in (0, 4):
            asked = frozen.questions[start : start + 4]
            journal.append(Entry(tuple(Prediction(pair.pair_id, 0.5) for pair in asked), 0.25))


def _use_journal(folder: Path) -> None:
    """Read it as a resumed run does: what it answered is planned around, timed and scored."""
    frozen = testset.load(folder / "set/test")
    with Journal(folder / "journal", IDENTITY) as journal:
        if journal.batch:
            questions.plan(frozen, journal.batch, Modality.TEXT, 2)
        if journal.entries:
            np.percentile([entry.seconds for entry in journal.entries], [50, 99])
        lines = [{"pair_id": p.pair_id, "p_in_order": p.p_in_order} for e in journal.entries for p in e.predictions]
        "".join(map(files.json_line, lines)).encode()


def _make_vectors(folder: Path) -> None:
    _set(folder / "set")
    drawn = np.random.Generator(np.random.Philox(7)).standard_normal((8, 3, 4)).astype("<f4")
    (folder / "journal.vectors").write_bytes((4).to_bytes(8, "little") + drawn.tobytes())


def _use_vectors(folder: Path) -> None:
    frozen = testset.load(folder / "set/test")
    vectors.VectorFile(folder / "journal.vectors", len(frozen.questions))
    asked = [pair.pair_id for pair in frozen.questions]
    found = vectors.add_up(folder / "journal.vectors", frozen, asked, SCORING_KEY)
    vectors.save(found, folder)
    files.json_page(found.finish(SCORING_KEY))


def _make_lock(folder: Path) -> None:
    lock = {"clip": {"model.safetensors": "0" * 64, "config.json": "1" * 64}}
    (folder / "weights.lock.json").write_text(json.dumps(lock, indent=2), encoding="utf-8")


def _use_lock(folder: Path) -> None:
    for held in published.read_lock(folder / "weights.lock.json").values():
        json.dumps(held).encode()


def _make_record(folder: Path) -> None:
    record = {"format": 1, "baseline": "clip", "modality": "vision+text", "settings": {"seed": 0}, "accuracy": 0.5}
    (folder / "recipe.json").write_text(json.dumps(record, indent=2), encoding="utf-8")


def _use_record(folder: Path) -> None:
    model.read_record(folder)


IDS = {"q1": "pair-1", "q2": "pair-2"}


def _line(path: str) -> Callable[[Path], bytes]:
    return lambda folder: (folder / path).read_bytes()


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
    found = protocol.read_predictions(line, 1, IDS)
    files.json_page({p.pair_id: p.p_in_order for p in found})
    vectors.read(line, 1, IDS)


DOORS = (
    Door("set: manifest", "test/manifest.json", JSON, _make_set, _use_set),
    Door("set: questions", "test/questions.jsonl", JSON, _make_set, _use_set),
    Door("set: answers", "test/answers/answers.jsonl", JSON, _make_set, _use_set),
    Door("set: SHA256SUMS", "test/SHA256SUMS", TEXT, _make_set, _use_sealed_set),
    Door("set: picture", "picture.png", (BYTES,), _make_picture, _use_picture),
    Door("submission.toml", "submission.toml", TEXT, _make_submission, _use_submission),
    *(
        Door(f"bundle: {name}", f"{_root(Path())}/{name}", damage, _make_bundle, use)
        for name, damage, use in (
            ("result.json", JSON, _use_bundle),
            ("articles.jsonl", JSON, _use_bundle),
            ("predictions.jsonl", JSON, _use_bundle),
            ("probes.jsonl", JSON, _use_bundle),
            ("timings.json", JSON, _use_bundle),
            ("embeddings.npz", (BYTES,), _use_bundle),
            ("SHA256SUMS", TEXT, _use_sealed_bundle),
        )
    ),
    Door("public bundle of a hidden set: result.json", "public/clip/result.json", JSON, _make_hidden, _use_hidden),
    Door("filing: result.json", f"{_root(Path())}/result.json", JSON, _make_bundle, _use_filing),
    Door("erratum: result.json", f"{_root(Path())}/result.json", JSON, _make_erratum, _use_erratum),
    Door("signature", f"{_root(Path())}.sig", JSON, _make_signed, _use_signed),
    Door("trusted_keys", "board/trusted_keys", TEXT, _make_signed, _use_signed),
    Door("disqualified", "board/disqualified", TEXT, _make_signed, _use_signed),
    Door("private key", "key.pem", TEXT, _make_signed, _use_key),
    Door("predictions of others", "answers.jsonl", JSON, _make_predictions, _use_predictions),
    Door("a person's sheet", "answers.json", JSON, _make_sheet, _use_sheet),
    Door("spec", "spec.toml", TEXT, _make_spec, _use_spec),
    Door("source: articles", "articles.jsonl", JSON, _make_articles, _use_source),
    Door("source: vgsi", "WikihowText_data.json", JSON, _make_vgsi, _use_source),
    Door("source: visualhow", "wikiHow_data.json", JSON, _make_visualhow, _use_source),
    Door("source: visualhow annotations", "visualHow_annotations.txt", JSON, _make_visualhow, _use_source),
    Door("source: sequencing", "wikihow.jsonl", JSON, _make_sequencing, _use_source),
    Door("source: wikiplan", "task_0/task.txt", TEXT, _make_wikiplan, _use_source),
    Door("source: wikiplan headline", "task_0/step_1.txt", TEXT, _make_wikiplan, _use_source),
    Door("source: categories", "categories.csv", TEXT, _make_wikiplan, _use_source),
    Door("source: picture", "pictures/a000-0.png", (BYTES,), _make_articles, _use_source),
    Door("note of a build's inputs", "test.inputs.json", JSON, _make_note, _use_note),
    Door("journal", "journal", JSON, _make_journal, _use_journal),
    Door("vectors beside the journal", "journal.vectors", (BYTES,), _make_vectors, _use_vectors),
    Door("weights.lock.json", "weights.lock.json", JSON, _make_lock, _use_lock),
    Door("recipe.json of a checkpoint", "recipe.json", JSON, _make_record, _use_record),
    Door("protocol: reply to initialize", "line", JSON, _make_hello, _use_hello),
    Door("protocol: reply to predict_pairs", "line", JSON, _make_answers, _use_answers),
)
