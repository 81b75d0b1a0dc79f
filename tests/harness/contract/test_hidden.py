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
from harness.commands.verify import verify
from harness.contract import bundle, frozen_set, release
from harness.contract.frozen_set import FrozenSet
from harness.errors import InputError
from harness.records import GroundTruth
from harness.statistics import trust
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
    verdict = trust.canary_verdict(canaries, predictions)
    assert verdict is not None
    assert (verdict.agreements, verdict.alarm) == (agreements, alarm)


def test_the_public_bundle_withholds_what_was_answered_and_states_its_digest(
    tmp_path: Path, frozen: FrozenSet, key_file: Path
) -> None:
    whole = run(tmp_path, frozen, key_file)
    runner = CliRunner()
    done = runner.invoke(verify, [str(whole), "--data", str(frozen.root), "--key-file", str(key_file)])
    assert done.output == f"{whole}: whole; every number follows\n"
    out = tmp_path / "public-bundle"
    runner.invoke(publish, [str(whole), str(out)], catch_exceptions=False)
    held = {path.name for path in out.iterdir()}
    assert held == {"result.json", "articles.jsonl", "timings.json", "environment.json", "SHA256SUMS"}
    public, kept = bundle.read(out), bundle.read(whole)
    assert public.articles == kept.articles
    assert public.result.scores == kept.result.scores
    assert "predictions.jsonl" in json.dumps(public.result.withheld)
    names = {pair.pair_id for pair in frozen.questions}
    assert not any(name in path.read_text() for path in out.iterdir() for name in names)
    assert "accuracies follow from the counts" in runner.invoke(verify, [str(out)]).output


def test_a_public_set_has_nothing_to_withhold(tmp_path: Path) -> None:
    from tests import bundles

    root = bundles.write(tmp_path / "results", tiny_set(tmp_path / "set"), "model")
    with pytest.raises(InputError, match="share it as it is"):
        bundle.publish(bundle.read(root), tmp_path / "out")


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
