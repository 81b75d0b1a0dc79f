"""Results on their way to the board: bundles, signatures, keys, errata, what others or people send."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from dataset_builder.describe import sheet
from harness.contract import bundle, checksums, decoding, files, frozen_set, publication, signature, submission
from harness.contract.result import Result, Timings
from harness.records import Modality, Prediction, Variant
from harness.report import loading
from harness.report.study import study
from harness.run import vectors, verification
from harness.run.judging import SCORING_KEY
from leaderboard import filing, markdown, rescoring, webpage
from leaderboard.board import make_board
from leaderboard.collect import collect
from tests import bundles
from tests.fuzz.door import BYTES, JSON, TEXT, Door, make_submission, small_set


def _make_bundle(folder: Path) -> None:
    frozen = small_set(folder / "set")
    root = bundles.write(folder / "board/results", frozen, "clip")
    for modality in (Modality.VISION, Modality.TEXT):
        bundles.write(folder / "board/results", frozen, "clip", modality)
    variants = [Prediction(frozen.questions[0].pair_id, 0.25, Variant.SWAPPED)]
    found = bundle.read(root)
    given = Timings(finished="2026-11-23T12:00:00+00:00", wall_s=1.5, pairs_per_s=12.0)
    bundle.write(root, _with_embeddings(found, root, frozen), found.articles, found.predictions, variants, given)


def _with_embeddings(found: bundle.Bundle, root: Path, frozen: frozen_set.FrozenSet) -> Result:
    drawn = np.random.Generator(np.random.Philox(7)).standard_normal((8, 3, 4)).astype("<f4")
    path = root.parent / "vectors"
    path.write_bytes((4).to_bytes(8, "little") + drawn.tobytes())
    added = vectors.add_up(path, frozen, [pair.pair_id for pair in frozen.questions], SCORING_KEY)
    path.unlink()
    vectors.save(added, root)
    return msgspec.structs.replace(found.result, embeddings=added.finish(SCORING_KEY))


def _root(folder: Path) -> Path:
    return folder / "board/results/clip/tiny-1.0-test/vision_text"


def _use_bundle(folder: Path) -> None:
    checksums.seal(_root(folder))
    _use_sealed_bundle(folder)


def _use_sealed_bundle(folder: Path) -> None:
    """Verify, put on the board, make a model card and a report of it."""
    found = bundle.read(_root(folder))
    frozen = frozen_set.load(folder / "set/test")
    board = make_board(collect(folder / "board/results"))
    decoding.json_page(board).encode()
    markdown.markdown(board).encode()
    webpage.page(board).encode()
    filing.place(found)
    if found.result.status == "scored":
        verification.from_counts(found)
        verification.from_predictions(found, loading.load_set(frozen.root, found), {})
        markdown.model_card(found)
        decoding.json_page(study([found], frozen, SCORING_KEY)).encode()
        vectors.require_sample(found.root)


def _make_hidden(folder: Path) -> None:
    frozen = small_set(folder / "set")
    root = bundles.write(folder / "results", frozen, "clip")
    result = bundle.read(root).result
    hidden = msgspec.structs.replace(result, set=msgspec.structs.replace(result.set, visibility="hidden"))
    files.write(root / "result.json", decoding.json_page(hidden).encode())
    checksums.seal(root)
    publication.publish(bundle.read(root), folder / "public/clip", folder / "public/ledger.jsonl", "ours")


def _use_hidden(folder: Path) -> None:
    root = folder / "public/clip"
    checksums.seal(root)
    found = bundle.read(root)
    verification.from_counts(found) if found.result.scores is not None else None
    decoding.json_page(make_board(collect(folder / "public"))).encode()
    _file(root, folder)


def _file(root: Path, folder: Path) -> None:
    """File a bundle on a new board, whatever it is, with the ledger of its look if there is one."""
    book = folder / "public/ledger.jsonl"
    with TemporaryDirectory(dir=folder) as name:
        if book.is_file():
            shutil.copyfile(book, Path(name) / "ledger.jsonl")
        filing.add(root, Path(name) / "results", new_set=True)


def _use_filing(folder: Path) -> None:
    checksums.seal(_root(folder))
    _file(_root(folder), folder)


def _make_erratum(folder: Path) -> None:
    _make_bundle(folder)
    old = frozen_set.load(folder / "set/test")
    small_set(folder / "corrected")
    manifest = frozen_set.Manifest("tiny", "1.1", "test", "public", old.manifest.counts)
    frozen_set.freeze(folder / "corrected/test", manifest, list(zip(old.questions, old.truths, strict=True)))


def _use_erratum(folder: Path) -> None:
    checksums.seal(_root(folder))
    old, new = frozen_set.load(folder / "set/test"), frozen_set.load(folder / "corrected/test")
    try:
        rescoring.rescore_all(folder / "board/results", old, new, {})
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
    filing.read_policy(folder / "board")
    markdown.markdown(make_board(collect(folder / "board/results"))).encode()


def _use_key(folder: Path) -> None:
    signature.public_name(signature.read_key(folder / "key.pem"))


def _make_predictions(folder: Path) -> None:
    frozen = small_set(folder / "set")
    make_submission(folder)
    lines = [decoding.json_line({"pair_id": pair.pair_id, "p_in_order": 0.25}) for pair in frozen.questions]
    (folder / "answers.jsonl").write_text("".join(lines), encoding="utf-8")


def _use_predictions(folder: Path) -> None:
    frozen = frozen_set.load(folder / "set/test")
    found = rescoring.read_predictions(folder / "answers.jsonl", frozen)
    with TemporaryDirectory(dir=folder) as name:
        rescoring.write_predictions(Path(name), submission.load(folder), frozen, {}, Modality.TEXT, found)


def _make_sheet(folder: Path) -> None:
    frozen = small_set(folder / "set")
    said = {pair.pair_id: choice for pair, choice in zip(frozen.questions, ("first", "second", "none"), strict=False)}
    saved = {"format": 1, "set": frozen.digest, "answers": said}
    (folder / "answers.json").write_text(json.dumps(saved), encoding="utf-8")


def _use_sheet(folder: Path) -> None:
    frozen = frozen_set.load(folder / "set/test")
    answered = sheet.read(folder / "answers.json", frozen)
    with TemporaryDirectory(dir=folder) as name:
        sheet.score(frozen, None, answered, "anne", Path(name))


DOORS = (
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
)
