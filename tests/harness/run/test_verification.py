"""`verify` finds a number that does not follow, and `rescore` puts it right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.commands.rescore import rescore
from harness.commands.verify import verify
from harness.contract import bundle, checksums
from harness.contract.frozen_set import FrozenSet
from harness.errors import CheckError, InputError
from harness.records import GroundTruth
from harness.run import verification
from tests import bundles
from tests.sets import tiny_set


@pytest.fixture
def frozen(tmp_path: Path) -> FrozenSet:
    return tiny_set(tmp_path / "set", articles=20, pairs_per_article=4)


@pytest.fixture
def root(tmp_path: Path, frozen: FrozenSet) -> Path:
    def half_right(answer: GroundTruth) -> float:
        return 0.9 if answer.pair_id < "8" else 0.2

    written = bundles.write(tmp_path / "results", frozen, "model", predict=half_right)
    CliRunner().invoke(rescore, [str(written), "--data", str(frozen.root)], catch_exceptions=False)
    return written


def run(root: Path, *more: str) -> tuple[int, str]:
    done = CliRunner().invoke(verify, [str(root), *more])
    if isinstance(done.exception, CheckError):
        return done.exception.exit_code, done.output
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def forge(root: Path, name: str, change: Any) -> None:
    """Change a file and seal the bundle again, as a cheat would."""
    path = root / name
    path.write_text(change(path.read_text()))
    checksums.seal(root)


def test_an_honest_bundle_verifies_with_and_without_the_set(root: Path, frozen: FrozenSet) -> None:
    unchecked = "not checked: the predictions (name --data SET)"
    assert run(root) == (0, f"{root}: checksums hold and accuracies follow from the counts; {unchecked}\n")
    assert run(root, "--data", str(frozen.root)) == (0, f"{root}: whole; every number follows\n")


def test_a_forged_accuracy_is_named_without_the_set(root: Path) -> None:
    def better(text: str) -> str:
        result = json.loads(text)
        result["scores"]["accuracy"]["macro"]["value"] = 0.99
        return json.dumps(result)

    forge(root, "result.json", better)
    code, said = run(root)
    assert code == 1
    assert "scores.accuracy.macro.value: 0.99 stands there" in said


def test_forged_counts_are_named_with_the_set(root: Path, frozen: FrozenSet) -> None:
    forge(root, "articles.jsonl", lambda text: text.replace('"correct":2', '"correct":3'))
    code, said = run(root, "--data", str(frozen.root))
    assert code == 1
    assert "the counts do not follow from predictions.jsonl" in said


def test_forged_predictions_are_named_with_the_set(root: Path, frozen: FrozenSet) -> None:
    forge(root, "predictions.jsonl", lambda text: text.replace("0.2", "0.9"))
    code, said = run(root, "--data", str(frozen.root))
    assert code == 1
    assert "follows" in said


def test_another_set_is_refused_by_name(root: Path, tmp_path: Path) -> None:
    other = tiny_set(tmp_path / "other", articles=4)
    with pytest.raises(InputError, match="name the set that was asked"):
        run(root, "--data", str(other.root))


def test_rescoring_puts_a_wrong_score_right_and_says_what_moved(root: Path, frozen: FrozenSet) -> None:
    before = bundle.read(root)
    forge(root, "result.json", lambda text: re.sub(r'"value": 0\.\d+', '"value": 0.001', text))
    done = CliRunner().invoke(rescore, [str(root), "--data", str(frozen.root)], catch_exceptions=False)
    assert "scores.accuracy.macro.value: 0.001 stands there" in done.output
    after = bundle.read(root)
    assert after.result == before.result
    assert after.digest == before.digest


def test_differences_see_a_missing_leaf_and_overlook_rounding() -> None:
    assert list(verification.differences({"a": 1.0, "b": [1, 2]}, {"a": 1.0000005, "b": [1, 2]}, "x")) == []
    assert list(verification.differences({"a": 1}, {"b": 1}, "x")) == [
        "x.a: 1 stands there, None follows",
        "x.b: None stands there, 1 follows",
    ]
