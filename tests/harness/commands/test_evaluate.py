"""`wikiorder evaluate` as a person calls it: a table, a bundle, one clear line for every mistake."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.contract import bundle, decoding, frozen_set
from harness.records import Modality
from tests import bundles
from tests.predictors import submission
from tests.sets import tiny_set

COMMAND = [sys.executable, "-m", "harness", "evaluate"]


def evaluate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the real command, in the process sandbox."""
    words = [*COMMAND, *map(str, arguments), "--sandbox", "process", "--variants", "0"]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tiny_set(tmp_path / "set", articles=12, pairs_per_article=8).root


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def where(results: Path, modality: str = "text") -> Path:
    return results / "test/tiny-1.0-test" / modality


def test_every_declared_modality_gets_a_table_and_a_bundle(tmp_path: Path, data: Path, results: Path) -> None:
    done = evaluate(submission(tmp_path / "s"), "--data", data, "--results", results)
    assert done.returncode == 0, done.stderr
    for modality in ("vision_text", "vision", "text"):
        found = bundle.read(where(results, modality))
        assert len(found.predictions) == 96
        assert found.result.scores.accuracy.micro.pairs == 96
        assert str(where(results, modality)) in done.stdout
    assert "does not protect" in done.stderr
    verdict, rest = done.stdout.split("\nmodality ", 1)
    assert max(len(line) for line in rest.split("\n\n")[0].splitlines()) <= 80
    assert "vision+text: Accuracy " in verdict
    assert "Uses the pictures: not shown, +0.0 points" in verdict, "three equal runs gain nothing"
    assert [line.split()[0] for line in rest.splitlines()[2:5]] == ["vision+text", "vision", "text"]


def test_the_verdict_names_the_results_beside_it_and_the_next_step(tmp_path: Path, data: Path, results: Path) -> None:
    """A control that is always right lies beside it; a result of another set and a broken one do not count."""
    frozen = frozen_set.load(data)
    bundles.write(results, frozen, "peer", Modality.TEXT)
    (bundles.write(results, frozen, "torn", Modality.TEXT) / "result.json").write_text("{")
    bundles.write(tmp_path / "other", tiny_set(tmp_path / "b", articles=6), "else", Modality.TEXT)
    done = evaluate(submission(tmp_path / "s"), "--data", data, "--results", results, "--modality", "text")
    assert done.returncode == 0, done.stderr
    assert "Worse than PEER." in done.stdout
    assert "TORN" not in done.stdout
    assert "Uses the pictures: not tested; needs vision+text and text." in done.stdout
    assert "Next: the same command with --modality vision+text shows" in done.stdout


def test_what_the_modality_leaves_out_does_not_travel(tmp_path: Path, data: Path, results: Path) -> None:
    body = "print(sorted(pairs[0]['first']), sorted(pairs[0]['second']), file=sys.stderr)"
    assert evaluate(submission(tmp_path / "s", body), "--data", data, "--results", results).returncode == 0
    logs = {
        m: (where(results, m) / "stderr.log").read_text().splitlines()[0] for m in ("vision_text", "vision", "text")
    }
    both = "['headline', 'image']"
    assert logs == {
        "vision_text": f"{both} {both}",
        "vision": "['image'] ['image']",
        "text": "['headline'] ['headline']",
    }


def test_the_pictures_that_arrive_are_those_of_the_pair(tmp_path: Path, data: Path, results: Path) -> None:
    body = (
        "for pair in pairs:\n"
        "    steps = [(pair[s]['headline'], open(pair[s]['image'], 'rb').read()) for s in ('first', 'second')]\n"
        "    print(json.dumps([[h, hashlib.sha256(p).hexdigest()] for h, p in steps]), file=sys.stderr)"
    )
    done = evaluate(submission(tmp_path / "s", body), "--data", data, "--results", results, "--modality", "vision+text")
    assert done.returncode == 0, done.stderr
    seen = [json.loads(line) for line in (where(results, "vision_text") / "stderr.log").read_text().splitlines()]
    asked = [json.loads(line)["steps"] for line in (data / "questions.jsonl").read_text().splitlines()]
    assert sorted(seen) == sorted([[s["headline"], Path(s["image"]).stem] for s in steps] for steps in asked)


def test_an_equal_run_is_read_and_not_asked_again(tmp_path: Path, data: Path, results: Path) -> None:
    subject = submission(tmp_path / "s", "print('asked', file=sys.stderr)")
    arguments = (subject, "--data", data, "--results", results, "--modality", "text")
    first, second = evaluate(*arguments), evaluate(*arguments)
    assert first.stdout == second.stdout
    asked = (where(results) / "stderr.log").read_text().count("asked")
    assert evaluate(*arguments, "--fresh").returncode == 0
    assert (
        (where(results) / "stderr.log").read_text().count("asked")
        == asked
        == len(bundle.read(where(results)).articles) * 2
    )


def test_a_run_in_progress_is_not_begun_afresh_by_another(tmp_path: Path, data: Path, results: Path) -> None:
    arguments = (submission(tmp_path / "s"), "--data", data, "--results", results, "--modality", "text", "--fresh")
    journal, partial = where(results).with_name("text.journal"), where(results).with_name("text.partial")
    partial.mkdir(parents=True)
    (partial / "kept").touch()
    with journal.open("w+b") as stream:
        stream.write(b"answers")
        stream.flush()
        fcntl.flock(stream, fcntl.LOCK_EX)
        done = evaluate(*arguments)
        assert done.returncode == 2
        assert "text.journal: another evaluation writes here now" in done.stderr
        assert (journal.read_bytes(), (partial / "kept").exists()) == (b"answers", True)
    assert evaluate(*arguments).returncode == 0


def test_more_memory_than_a_run_gives_is_told_before_it_begins(tmp_path: Path, data: Path, results: Path) -> None:
    subject = submission(tmp_path / "s", memory_gib=64)
    arguments = (subject, "--data", data, "--results", results, "--modality", "text")
    done = evaluate(*arguments)
    assert done.returncode == 2
    assert "asks for resources.memory_gib = 64, and a predictor gets at most 16 here" in done.stderr
    assert not results.exists()
    assert evaluate(*arguments, "--memory", "64").returncode == 0


def test_scripts_get_one_json_object_a_modality(tmp_path: Path, data: Path, results: Path) -> None:
    done = evaluate(submission(tmp_path / "s"), "--data", data, "--results", results, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["modality"] for line in lines] == ["vision+text", "vision", "text"]
    assert all(decoding.to_json(bundle.read(Path(line["bundle"])).result.scores) == line["scores"] for line in lines)


def test_a_dry_run_says_how_long_and_leaves_nothing(tmp_path: Path, data: Path, results: Path) -> None:
    subject = submission(tmp_path / "s", "time.sleep(1.0)")
    done = evaluate(subject, "--data", data, "--results", results, "--modality", "text", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert re.search(r"test, text: about 0 min (2[4-9]|3\d) s for 96 questions", done.stdout), done.stdout  # 24 batches
    assert not results.exists()


def test_a_changed_submission_does_not_overwrite_a_result(tmp_path: Path, data: Path, results: Path) -> None:
    arguments = (tmp_path / "s", "--data", data, "--results", results, "--modality", "text")
    submission(tmp_path / "s")
    assert evaluate(*arguments).returncode == 0
    digest = bundle.read(where(results)).digest
    submission(tmp_path / "s", "pass")
    done = evaluate(*arguments)
    assert done.returncode == 2
    assert "whose submission is" in done.stderr
    assert "--fresh" in done.stderr
    assert bundle.read(where(results)).digest == digest


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("sys.exit(3) if asked == 5 else None", "ended without answering .*exit code 3"),
        ("if asked == 5: raise MemoryError('no room')", "no room"),
        ("time.sleep(60) if asked == 5 else None", "gave no answer within 2 s"),
        ("answer.pop()", "answers 3 of 4 pairs; 1 missing"),
        ("answer[0]['p_in_order'] = 'high'", "`p_in_order` is 'high'"),
        ("answer[0]['p_in_order'] = float('nan')", "`p_in_order` is 'nan'"),
        ("print('hello')", "the reply is not JSON: .*hello"),
    ],
)
def test_a_predictors_fault_is_a_visible_failed_row(
    tmp_path: Path, data: Path, results: Path, body: str, reason: str
) -> None:
    arguments = (submission(tmp_path / "s", body), "--data", data, "--results", results, "--modality", "text")
    done = evaluate(*arguments, "--batch-seconds", "2")
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert "Traceback" not in done.stderr
    result = bundle.read(where(results)).result
    assert (result.status, result.scores) == ("failed", None)
    assert result.failure is not None
    assert re.search(reason, result.failure.reason), result.failure.reason


MISTAKES = [
    (["{s}", "--data", "{tmp}/nowhere"], "nowhere: no such folder"),
    (["{tmp}/nowhere", "--data", "{data}"], "nowhere: no such folder; wanted a submission"),
    (["{tmp}", "--data", "{data}"], "no submission.toml in it"),
    (["{s}", "--data", "{data}", "--weights", "{tmp}/w"], "w: no such folder; --weights wants"),
    (["{bad}", "--data", "{data}"], "submission.toml: .*unknown field `colour`"),
    (["{broken}", "--data", "{data}"], "submission.toml: not valid TOML"),
    (["{s}", "--data", "{data}", "--results", "{data}/SHA256SUMS"], "name a --results folder that can be written"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES)
def test_a_users_mistake_is_one_line_and_exit_code_2(
    tmp_path: Path, data: Path, words: Sequence[str], message: str
) -> None:
    places = {"tmp": tmp_path, "data": data, "s": submission(tmp_path / "s")}
    for name, line in (("bad", 'colour = "red"\n'), ("broken", "= =\n")):
        places[name] = submission(tmp_path / name)
        path = places[name] / "submission.toml"
        path.write_text(line + path.read_text())
    done = evaluate(*(word.format(**places) for word in words))
    assert done.returncode == 2, done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if "does not protect" not in line]
    assert len(said) == 1, done.stderr
    assert re.search(message, said[0]), said[0]


def test_a_flipped_byte_is_refused_before_anything_is_asked(tmp_path: Path, data: Path, results: Path) -> None:
    path = data / "answers/answers.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"label":1', b'"label":0', 1))
    done = evaluate(submission(tmp_path / "s"), "--data", data, "--results", results)
    assert done.returncode == 2
    assert "answers/answers.jsonl: altered" in done.stderr
    assert not results.exists()


def test_an_undeclared_modality_is_refused(tmp_path: Path, data: Path) -> None:
    subject = submission(tmp_path / "s")
    path = subject / "submission.toml"
    path.write_text(path.read_text().replace('["vision+text", "vision", "text"]', '["text"]'))
    done = evaluate(subject, "--data", data, "--modality", "vision")
    assert done.returncode == 2
    assert "does not declare modality vision; it declares text" in done.stderr


def test_no_engine_is_said_and_auto_goes_on_without(tmp_path: Path, data: Path, results: Path) -> None:
    words = [*COMMAND, str(submission(tmp_path / "s")), "--data", str(data), "--results", str(results)]
    environment = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    refused, auto = (
        subprocess.run([*words, "--sandbox", kind], capture_output=True, text=True, check=False, env=environment)
        for kind in ("docker", "auto")
    )
    assert refused.returncode == 3
    assert "no container engine answers" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert auto.returncode == 0
    assert "so the process sandbox is used" in auto.stderr


def test_terminated_it_leaves_no_process_and_keeps_what_was_answered(tmp_path: Path, data: Path, results: Path) -> None:
    subject = submission(tmp_path / "s", "time.sleep(0.05)")
    words = [*COMMAND, str(subject), "--data", str(data), "--results", str(results), "--sandbox", "process"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    journal = where(results, "vision_text").with_name("vision_text.journal")
    while not (journal.exists() and journal.read_bytes().count(b"\n") > 3):
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 143
    assert b"Traceback" not in said
    assert journal.read_bytes().count(b"\n") > 3
    listed = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=False)
    assert listed.stdout == ""


def test_a_submission_without_a_gpu_does_not_learn_which_gpus_there_are(
    tmp_path: Path, data: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    body = "print(os.environ.get('CUDA_VISIBLE_DEVICES'), file=sys.stderr)"
    for asks, told in (("false", "None"), ("true", "3")):
        subject, own = submission(tmp_path / asks, body, gpu=asks), results / asks
        assert evaluate(subject, "--data", data, "--results", own, "--modality", "text").returncode == 0
        assert (where(own) / "stderr.log").read_text().splitlines()[0] == told
