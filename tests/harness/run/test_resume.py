"""Killed at any point, an evaluation goes on and ends in the same predictions and scores."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.contract import bundle
from harness.contract.bundle import Bundle
from tests.predictors import submission
from tests.sets import tiny_set

KILLS = 50
LOG_ASKED = "print('asked', sorted(pair['title'] + pair['first']['headline'] for pair in pairs), file=sys.stderr)"


def start(subject: Path, data: Path, results: Path, *more: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "harness", "evaluate", str(subject), "--data", str(data), "--results", str(results)]
    words += ["--modality", "text", "--sandbox", "process", "--variants", "6", *more]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(subject: Path, data: Path, results: Path) -> Bundle:
    running = start(subject, data, results)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said.decode()
    return bundle.read(where(results))


def killed(subject: Path, data: Path, results: Path, lines: int) -> Path:
    """Start an evaluation and kill it when its journal holds so many lines. Returns the journal."""
    running = start(subject, data, results)
    journal = where(results).with_name("text.journal")
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= lines):
        assert running.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    running.kill()
    running.communicate()
    return journal


def where(results: Path) -> Path:
    return results / "test/tiny-1.0-test/text"


def findings(found: Bundle) -> list[object]:
    """All that two runs share. The checks are drawn by each run's own key, so their figures are not among it."""
    result = json.loads((found.root / "result.json").read_text())
    del result["trust"]
    return [result, *((found.root / name).read_text() for name in ("predictions.jsonl", "articles.jsonl"))]


@pytest.mark.slow
def test_killed_at_50_random_points_it_ends_in_the_same_result(tmp_path: Path) -> None:
    data = tiny_set(tmp_path / "set", articles=12, pairs_per_article=8).root
    subject = submission(tmp_path / "s", f"{LOG_ASKED}\ntime.sleep(0.04)")
    wanted = findings(finish(subject, data, tmp_path / "whole"))
    results, draw, kills = tmp_path / "killed", random.Random(0), 0
    while kills < KILLS:
        running = start(subject, data, results)
        time.sleep(draw.uniform(0.3, 1.2))
        running.kill()
        running.communicate()
        kills += 1
        if where(results).exists():
            assert findings(finish(subject, data, results)) == wanted
            shutil.rmtree(results)
    assert findings(finish(subject, data, results)) == wanted


def test_only_the_last_finished_batch_is_asked_again(tmp_path: Path) -> None:
    data = tiny_set(tmp_path / "set", articles=12, pairs_per_article=4).root
    subject = submission(tmp_path / "s", f"{LOG_ASKED}\ntime.sleep(0.1)")
    journal = killed(subject, data, tmp_path / "r", lines=4)
    finished = journal.read_bytes().count(b"\n") - 2  # the identity and the batch size come first
    log = where(tmp_path / "r").with_name("text.partial") / "stderr.log"
    before = log.read_text().splitlines()
    found = finish(subject, data, tmp_path / "r")
    after = (found.root / "stderr.log").read_text().splitlines()[len(before) :]
    assert after[0] == before[finished - 1]
    assert len(set(before[: finished - 1]) & set(after)) == 0
    scored, probed = 48 // 4, 6 * 2  # at worst a batch for each of 6 pairs repeated and swapped
    assert scored - (finished - 1) < len(after) <= scored - (finished - 1) + probed
    assert json.loads((found.root / "timings.json").read_text())["starts"][0]["at_batch"] == finished
    assert found.result.trust.stateful is False


def test_a_predictor_that_answers_otherwise_when_asked_again_is_marked_stateful(tmp_path: Path) -> None:
    data = tiny_set(tmp_path / "set", articles=12, pairs_per_article=4).root
    drift = f"for a in answer: a['p_in_order'] = min(1, asked / 20)\n{LOG_ASKED}\ntime.sleep(0.1)"
    subject = submission(tmp_path / "s", drift)
    killed(subject, data, tmp_path / "r", lines=5)
    assert finish(subject, data, tmp_path / "r").result.trust.stateful is True


@pytest.mark.parametrize(("change", "part"), [("submission", "submission"), ("seed", "seed"), ("set", "set")])
def test_a_run_that_differs_may_not_resume(tmp_path: Path, change: str, part: str) -> None:
    data = tiny_set(tmp_path / "set", articles=12, pairs_per_article=4).root
    subject = submission(tmp_path / "s", "time.sleep(0.1)")
    journal = killed(subject, data, tmp_path / "r", lines=3)
    kept = journal.read_bytes()
    if change == "submission":
        submission(tmp_path / "s", "time.sleep(0.2)")
    elif change == "set":
        data = tiny_set(tmp_path / "other", articles=10, pairs_per_article=4).root
    running = start(subject, data, tmp_path / "r", *(["--seed", "9"] if change == "seed" else []))
    _, said = running.communicate(timeout=60)
    assert running.returncode == 2
    assert f"an unfinished run lies here whose {part} is" in said.decode()
    assert journal.read_bytes() == kept
