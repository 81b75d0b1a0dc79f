"""`rerun` asks a part again, and sees an answer that does not come back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.contract import bundle
from harness.records import Prediction
from harness.run.rerun import Agreement, compare
from tests import bundles
from tests.predictors import submission
from tests.sets import tiny_set


def wikiorder(*words: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "harness", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)


def finished(tmp_path: Path, body: str = "") -> tuple[Path, Path, Path]:
    data = tiny_set(tmp_path / "set", articles=12, pairs_per_article=4).root
    subject = submission(tmp_path / "s", body)
    where = (
        "--data",
        data,
        "--results",
        tmp_path / "r",
        "--modality",
        "text",
        "--sandbox",
        "process",
        "--variants",
        "0",
    )
    assert wikiorder("evaluate", subject, *where).returncode == 0
    return tmp_path / "r/test/tiny-1.0-test/text", subject, data


def test_a_steady_predictor_gives_every_answer_again(tmp_path: Path) -> None:
    root, subject, data = finished(tmp_path)
    done = wikiorder("rerun", root, subject, "--data", data, "--sample", "20", "--sandbox", "process")
    assert done.returncode == 0, done.stderr
    assert "20 pairs asked again: 20 with the same label, 20 with the same probability" in done.stdout


def test_an_answer_that_hangs_on_chance_does_not_come_back(tmp_path: Path) -> None:
    root, subject, data = finished(tmp_path, "for a in answer: a['p_in_order'] = os.urandom(1)[0] / 255")
    done = wikiorder("rerun", root, subject, "--data", data, "--sample", "40", "--sandbox", "process")
    assert done.returncode == 1
    assert "predictions did not come back" in done.stderr


def test_another_submission_is_refused(tmp_path: Path) -> None:
    root, _, data = finished(tmp_path)
    done = wikiorder("rerun", root, submission(tmp_path / "other", "pass"), "--data", data, "--sandbox", "process")
    assert done.returncode == 2
    assert "not the submission of" in done.stderr


def test_agreement_is_counted_by_label_and_by_probability(tmp_path: Path) -> None:
    frozen = tiny_set(tmp_path / "set", articles=2, pairs_per_article=2)
    found = bundle.read(bundles.write(tmp_path / "r", frozen, "model", predict=lambda answer: 0.6))
    one, two, three, _ = (pair.pair_id for pair in frozen.questions)
    again = [Prediction(one, 0.6), Prediction(two, 0.7), Prediction(three, 0.4)]
    assert compare(found, again) == Agreement(3, 2, 1, pytest.approx(0.2))
