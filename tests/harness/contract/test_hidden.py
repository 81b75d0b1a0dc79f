"""Hidden sets: canaries are asked and never scored, and tell who reads the answers; the public bundle tells less."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from harness import keyed
from harness.commands.analyze import analyze
from harness.commands.compare import compare
from harness.commands.evaluate import evaluate
from harness.commands.publish import publish
from harness.commands.sign import sign
from harness.commands.verify import verify
from harness.contract import bundle, frozen_set, ledger, publication, release, signature
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Failure, Seam
from harness.errors import CheckError, InputError
from harness.records import GroundTruth
from harness.statistics.agreement import canary_verdict
from tests.predictors import submission
from tests.sets import tiny_set

KEY = b"k" * release.KEY_BYTES


@pytest.fixture
def frozen(tmp_path: Path) -> FrozenSet:
    """A hidden set of 96 pairs, of which one in each article is a canary whose recorded label is a coin."""
    public = tiny_set(tmp_path / "public", articles=12, pairs_per_article=8)
    root = tmp_path / "hidden/test"
    shutil.copytree(public.root, root)
    rows, seen = [], set()
    for pair, answer in zip(public.questions, public.truths, strict=True):
        canary = answer.article_id not in seen
        seen.add(answer.article_id)
        name = release.pair_id(KEY, answer.article_id, pair.first, pair.second, canary)
        label = keyed.digest(KEY, "coin", name)[0] & 1 if canary else answer.label
        positions = tuple(sorted(answer.positions, reverse=not label))
        rows.append((replace(pair, pair_id=name), GroundTruth(name, label, answer.article_id, positions)))
    details = {"release_key": release.fingerprint(KEY)}
    frozen_set.freeze(root, msgspec.structs.replace(public.manifest, visibility="hidden", details=details), rows)
    return frozen_set.load(root)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "release.key"
    path.write_bytes(KEY)
    return path


def run(tmp_path: Path, frozen: FrozenSet, key_file: Path) -> Path:
    words = [submission(tmp_path / "s"), "--data", frozen.root, "--results", tmp_path / "results", "--modality", "text"]
    words += ["--sandbox", "process", "--key-file", key_file]
    done = CliRunner().invoke(evaluate, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return tmp_path / "results/test/tiny-1.0-test/text"


def test_canaries_are_asked_and_not_scored(tmp_path: Path, frozen: FrozenSet, key_file: Path) -> None:
    found = bundle.read(run(tmp_path, frozen, key_file))
    canaries = release.canaries(frozen, KEY)
    assert len(canaries) == 12
    assert len(found.predictions) == 96
    assert found.result.scores.accuracy.micro.pairs == 84
    assert sum(count.asked for count in found.articles) == 84
    verdict = found.result.trust.canaries
    assert (verdict.asked, verdict.alarm) == (12, False)


def test_a_hidden_set_is_not_scored_without_its_key(tmp_path: Path, frozen: FrozenSet) -> None:
    with pytest.raises(InputError, match="Name its release key: --key-file"):
        release.secret(frozen, None)
    with pytest.raises(InputError, match="not the release key"):
        release.secret(frozen, b"x" * release.KEY_BYTES)


@pytest.mark.parametrize(("agreements", "alarm"), [(200, False), (247, False), (248, True), (400, True)])
def test_the_alarm_rings_at_248_of_400(agreements: int, alarm: bool) -> None:
    canaries = {f"p{n}": GroundTruth(f"p{n}", 1, "a", (0, 1)) for n in range(400)}
    predictions = {f"p{n}": float(n < agreements) for n in range(400)}
    verdict = canary_verdict(canaries, predictions)
    assert verdict is not None
    assert (verdict.agreements, verdict.alarm) == (agreements, alarm)


def public(whole: Path, out: Path, team: str = "ours") -> bundle.Bundle:
    words = [str(whole), str(out), "--team", team, "--ledger", str(out.parent / "ledger.jsonl")]
    CliRunner().invoke(publish, words, catch_exceptions=False)
    return bundle.read(out)


def test_the_public_bundle_withholds_what_was_answered_and_states_its_digest(
    tmp_path: Path, frozen: FrozenSet, key_file: Path
) -> None:
    whole = run(tmp_path, frozen, key_file)
    runner = CliRunner()
    done = runner.invoke(verify, [str(whole), "--data", str(frozen.root), "--key-file", str(key_file)])
    assert done.output == f"{whole}: whole; every number follows\n"
    out = tmp_path / "public-bundle"
    found = public(whole, out)
    assert {path.name for path in out.iterdir()} == {"result.json", "timings.json", "environment.json", "SHA256SUMS"}
    assert found.articles == ()
    assert found.result.scores is None
    assert "predictions.jsonl" in json.dumps(found.result.withheld)
    names = {pair.pair_id for pair in frozen.questions}
    assert not any(name in path.read_text() for path in out.iterdir() for name in names)
    assert "not checked: the released score" in runner.invoke(verify, [str(out)]).output


def test_the_public_bundle_states_a_rounded_score_and_the_ledger_counts_the_look(
    tmp_path: Path, frozen: FrozenSet, key_file: Path
) -> None:
    whole = run(tmp_path, frozen, key_file)
    exact = bundle.read(whole).result.scores.accuracy.macro.value
    first, second = public(whole, tmp_path / "one"), public(whole, tmp_path / "two")
    lines = ledger.read(tmp_path / "ledger.jsonl")
    step = lines[0].step
    assert first.result.released.value == pytest.approx(min(1.0, round(exact / step) * step), abs=1e-5)
    assert [line.bundle for line in lines] == [first.digest, second.digest]
    assert [(line.improved, line.released) for line in lines] == [
        (True, first.result.released.value),
        (False, first.result.released.value),
    ]
    assert exact not in (first.result.released.value, second.result.released.value)


def test_the_public_bundle_carries_no_text_of_the_run_and_no_figure_of_the_labels(
    tmp_path: Path, frozen: FrozenSet, key_file: Path
) -> None:
    """A submission that reads hidden questions could carry them out in whatever text or number it controls."""
    whole = run(tmp_path, frozen, key_file)
    found = bundle.read(whole)
    secret = "SECRET-" * 20
    seam = Seam(at_batch=1, fault="submission", reason=secret)
    environment = msgspec.structs.replace(found.environment, seams=[seam], libraries={secret[:60]: secret[:90]})
    failure = Failure(fault="submission", reason=f"ended without answering; the last words: {secret}")
    result = msgspec.structs.replace(found.result, status="failed", failure=failure, scores=None)
    shutil.rmtree(whole)
    whole.mkdir()
    (whole / "stderr.log").write_text(secret)
    bundle.write(whole, result, [], {}, [], found.timings, environment)
    made = public(whole, tmp_path / "failed")
    assert made.result.failure.reason == "crashed"
    assert made.environment.seams[0].reason == ""
    assert not any("SECRET" in path.read_text() for path in (tmp_path / "failed").iterdir())
    trust = made.result.trust
    assert (trust.both_orders_accuracy, trust.perturbation_drop, trust.exchanged_pictures_drop) == (None, None, None)
    assert json.loads((tmp_path / "failed/result.json").read_text())["trust"]["canaries"] == {"alarm": False}


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("blip: its image declares VOLUME /data, which is writable. Remove it.", "image"),
        (
            "ended without answering; exit code 137; something in it was killed for memory",
            "ran out of memory",
        ),
        ("gave no answer within 60 s. Ask for a smaller batch, or be faster.", "timed out"),
        ("took over 3600 s for 12 batches", "timed out"),
        ("cannot start 'python': No such file. Name a program that is installed.", "started"),
        ("ended without answering; ended with exit code 1", "crashed"),
        ("predict_pairs: answers 3 of 4 pairs; 1 missing, such as p0417", "broke the protocol"),
        ("anything else that a submission may say", "broke the protocol"),
    ],
)
def test_a_failure_becomes_one_word(reason: str, word: str) -> None:
    assert publication.failure_word(reason) == word


def test_a_public_bundle_is_not_published_twice(tmp_path: Path, frozen: FrozenSet, key_file: Path) -> None:
    made = public(run(tmp_path, frozen, key_file), tmp_path / "one")
    with pytest.raises(InputError, match="is a public bundle already"):
        publication.publish(made, tmp_path / "two", tmp_path / "ledger.jsonl", "ours")


def test_a_copy_is_signed_only_with_the_key_of_the_private_bundle(
    tmp_path: Path, frozen: FrozenSet, key_file: Path
) -> None:
    whole = run(tmp_path, frozen, key_file)
    key = tmp_path / "key.pem"
    signature.create_key(key)
    words = [str(whole), str(tmp_path / "out"), "--team", "ours", "--ledger", str(tmp_path / "l"), "--key", str(key)]
    with pytest.raises(CheckError, match="not signed by this key; sign it first"):
        CliRunner().invoke(publish, words, catch_exceptions=False)
    assert ledger.read(tmp_path / "l") == []
    data = ["--data", str(frozen.root), "--key-file", str(key_file)]
    CliRunner().invoke(sign, [str(whole), *data, "--key", str(key)], catch_exceptions=False)
    CliRunner().invoke(publish, words, catch_exceptions=False)
    made = bundle.read(tmp_path / "out")
    assert signature.signer(tmp_path / "out.sig", made.digest) == signature.public_name(signature.read_key(key))
    with pytest.raises(InputError, match="a public bundle cannot be derived again"):
        CliRunner().invoke(sign, [str(tmp_path / "out"), *data, "--key", str(key)], catch_exceptions=False)


def test_a_public_set_has_nothing_to_withhold(tmp_path: Path) -> None:
    from tests import bundles

    root = bundles.write(tmp_path / "results", tiny_set(tmp_path / "set"), "model")
    with pytest.raises(InputError, match="share it as it is"):
        publication.publish(bundle.read(root), tmp_path / "out", tmp_path / "ledger.jsonl", "ours")


def test_reports_and_comparisons_leave_the_canaries_out(tmp_path: Path, frozen: FrozenSet, key_file: Path) -> None:
    root = str(run(tmp_path, frozen, key_file))
    with pytest.raises(InputError, match="its canaries must not count"):
        CliRunner().invoke(compare, [root, root, "--data", str(frozen.root)], catch_exceptions=False)
    words = [root, root, "--data", str(frozen.root), "--key-file", str(key_file), "--json"]
    found = json.loads(CliRunner().invoke(compare, words, catch_exceptions=False).output)
    assert sum(row["pairs"] for row in found["categories"].values()) == 84
    assert found["mcnemar"]["only_first"] == 0
    words = [root, "--data", str(frozen.root), "--key-file", str(key_file), "--out", str(tmp_path / "report")]
    CliRunner().invoke(analyze, words, catch_exceptions=False)
    assert json.loads((tmp_path / "report/report.json").read_text())["results"][0]["drops"] == {}
