"""A served model through the whole road: a set, a server that answers or misbehaves, a bundle."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from harness.commands.endpoint_options import TRIAL_PAIRS
from harness.contract import bundle, decoding, frozen_set
from harness.contract.bundle import Bundle
from harness.contract.submission import EndpointSource
from harness.errors import InfrastructureError, InputError
from harness.records import Modality
from harness.run import pipeline, verification
from harness.run.session import Evaluation, EvaluationSession
from harness.sandbox.base import Limits
from harness.serve_prompt import LetterAnswer, Prompt, p_in_order
from harness.served import questions, settings
from harness.served.client import ChatClient, Spending
from harness.served.sandbox import TRIAL, EndpointSandbox
from harness.served.settings import EndpointSettings, RequestLimits
from tests.harness.served.mock_server import FAULTS, MockServer, serving
from tests.sets import tiny_set

COMMAND = [sys.executable, "-m", "harness", "evaluate"]
QUICK = RequestLimits(request_s=1.0)
SECRET = "sk-test-7f3a9c0e51d24b8896aa"  # noqa: S105 - planted, to be searched for


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> frozen_set.FrozenSet:
    return tiny_set(tmp_path_factory.mktemp("set"))


def evaluate(
    frozen: frozen_set.FrozenSet,
    url: str,
    results: Path,
    modality: Modality = Modality.TEXT,
    varied: int = 4,
    limits: RequestLimits = QUICK,
    **source: object,
) -> Bundle:
    stated = decoding.convert(EndpointSource, {"model": "mock", "served_by": "a test", **source}, "test")
    made = EndpointSettings(settings.normalise_url(url), stated, Prompt(), limits)
    subject = made.submission(settings.unfiled_submission(stated))
    unlimited = Limits(batch_s=600, startup_s=600)
    evaluation = Evaluation(subject, frozen, modality, 0, None, unlimited, varied)
    return pipeline.evaluate(evaluation, EndpointSandbox(made, "loopback"), results, lambda *_: None)


@pytest.mark.parametrize("modality", [*Modality])
def test_a_served_model_becomes_a_bundle_that_verifies(
    modality: Modality, frozen: frozen_set.FrozenSet, tmp_path: Path
) -> None:
    with serving(MockServer()) as server:
        found = evaluate(frozen, server.url, tmp_path, modality)
    assert found.result.status == "scored"
    assert list(verification.from_predictions(found, frozen, {})) == []
    served = found.result.served
    assert served
    assert (served.destination, served.server["root"], served.server["server"]) == ("loopback", "mock-1", "mock/1")
    assert served.decoding.top_logprobs == 20
    pairs = len(found.predictions) + len(found.variants)
    assert served.answers.log_probabilities == 2 * pairs
    assert served.prompt_tokens == 200 * pairs
    assert found.result.isolation.isolated
    sent = json.dumps(server.bodies)
    assert ("data:image/png;base64," in sent) == modality.sends_images
    assert ("the soup" in sent) == modality.sends_headlines
    assert not any(truth.article_id in sent or truth.pair_id in sent for truth in frozen.truths)


def test_answers_that_cannot_be_kept_are_the_machines_fault(
    frozen: frozen_set.FrozenSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EvaluationSession, "pause_s", 0.0)
    with serving(MockServer()) as server:
        root = evaluate(frozen, server.url, tmp_path / "first").root
        place = tmp_path / "second" / root.relative_to(tmp_path / "first")
        place.with_name(f"{place.name}.answers").mkdir(parents=True)
        with pytest.raises(InfrastructureError, match=r"text\.answers: Is a directory.*no fault of the submission"):
            evaluate(frozen, server.url, tmp_path / "second")


def test_exchanging_the_steps_gives_exactly_the_complementary_probability(
    frozen: frozen_set.FrozenSet, tmp_path: Path
) -> None:
    with serving(MockServer()) as server:
        found = evaluate(frozen, server.url, tmp_path, varied=len(frozen.questions))
    assert found.result.trust.swap_consistency == 1.0


def test_a_server_that_misbehaves_changes_no_prediction(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer()) as good, serving(MockServer(misbehaves=True, slow_s=3)) as bad:
        wanted = evaluate(frozen, good.url, tmp_path / "good", Modality.VISION_TEXT)
        found = evaluate(frozen, bad.url, tmp_path / "bad", Modality.VISION_TEXT)
    assert found.predictions == wanted.predictions
    assert found.timings.requests
    assert found.timings.requests.sent_again > 10
    assert set(FAULTS) <= set(bad.failed), "each kind of failure was met"
    assert max(bad.asked.values()) <= 6, "a question that is asked again in a variant is asked anew"


def test_without_logprobs_the_text_is_read(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer(logprobs=False)) as server:
        found = evaluate(frozen, server.url, tmp_path)
    assert found.result.served
    assert found.result.served.answers.text == 2 * (len(found.predictions) + len(found.variants))
    assert found.result.served.decoding.top_logprobs == 0
    assert set(found.predictions.values()) <= {0.0, 0.5, 1.0}


def test_an_unreadable_answer_is_counted_and_is_one_half(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer(logprobs=False, text="I would rather not say.")) as server:
        found = evaluate(frozen, server.url, tmp_path)
    assert found.result.served
    assert found.result.served.answers.unreadable == 2 * (len(found.predictions) + len(found.variants))
    assert set(found.predictions.values()) == {0.5}


def test_several_samples_are_averaged(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer(logprobs=False)) as server:
        evaluate(frozen, server.url, tmp_path, samples=3)
    asked = [body for body in server.bodies if "Make Tea" not in json.dumps(body)]
    assert {body["seed"] for body in asked} == {0, 1, 2}
    assert {body["temperature"] for body in asked} == {1.0}


def test_samples_are_averaged_to_their_share_of_letters() -> None:
    votes = [LetterAnswer("text", p) for p in (1.0, 0.0, 0.0, 0.0)]
    assert p_in_order(votes, [LetterAnswer("text", 0.0)]) == pytest.approx((0.25 + 1.0) / 2)


@pytest.mark.parametrize(
    ("text", "letter"), [("<think>It is A, surely A.</think>B", "text"), ("<think>A", "unreadable")]
)
def test_reasoning_in_a_reply_is_cut_off(text: str, letter: str, frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer(logprobs=False, text=text)) as server:
        found = evaluate(frozen, server.url, tmp_path)
    counts = found.result.served and found.result.served.answers
    assert counts
    assert getattr(counts, letter) == 2 * (len(found.predictions) + len(found.variants))
    assert set(found.predictions.values()) == {0.5}, "always B, or never a letter: both orders cancel"


def test_the_pause_that_a_server_asks_for_is_kept() -> None:
    """A server that refuses the first request for 1.2 s sees no request before that."""
    made = EndpointSettings("", EndpointSource(model="mock", served_by="a test"), Prompt(), RequestLimits())

    async def ask(url: str) -> tuple[float, Spending]:
        client = ChatClient(replace(made, url=url), Spending())
        (request, *_) = questions.requests(client.settings, TRIAL, 0, logprobs=True)
        began = time.monotonic()
        await client.ask(request.body, logprobs=True)
        took = time.monotonic() - began
        await client.close()
        return took, client.spending

    with serving(MockServer(busy_once_s=1.2)) as server:
        took, spending = asyncio.run(ask(server.url))
    assert (spending.sent, spending.sent_again, spending.answered) == (2, 1, 1)
    assert took >= 1.2


def test_concurrency_finds_the_servers_limit(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer(at_once=3, delay_s=0.01)) as server:
        found = evaluate(frozen, server.url, tmp_path)
    assert found.result.status == "scored"


def test_a_server_that_is_down_is_no_fault_of_the_model(
    frozen: frozen_set.FrozenSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.served.client.FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr("harness.run.session.PAUSE_S", 0.0)
    with pytest.raises(InfrastructureError, match="8 times in a row"):
        evaluate(frozen, "http://127.0.0.1:9/v1", tmp_path)


def test_limits_stop_the_run_and_a_higher_limit_resumes_it(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer()) as server:
        with pytest.raises(InputError, match="--max-requests: 20 are sent"):
            evaluate(frozen, server.url, tmp_path, limits=RequestLimits(most_requests=20))
        assert sum(server.asked.values()) == 20
        limits = RequestLimits(most_cost=0.002, prompt_price=1.0)  # 20 answers of 100 tokens cost as much
        with pytest.raises(InputError, match="--max-cost: "):
            evaluate(frozen, server.url, tmp_path, limits=limits)
        found = evaluate(frozen, server.url, tmp_path, limits=RequestLimits(prompt_price=1.0))
        asked = sum(server.asked.values())
    pairs = len(found.predictions) + len(found.variants)
    assert asked <= 2 * pairs + 3 + 20, "three trials, and at most those in flight when a limit was reached"
    assert found.result.served
    assert found.result.served.cost == pytest.approx(2 * pairs * 100 / 1e6)


def test_another_setting_refuses_to_resume(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer()) as server:
        with pytest.raises(InputError, match="--max-requests"):
            evaluate(frozen, server.url, tmp_path, limits=RequestLimits(most_requests=20))
        with pytest.raises(InputError, match="whose submission is"):
            evaluate(frozen, server.url, tmp_path, max_tokens=9)


def words(frozen: frozen_set.FrozenSet, url: str, results: Path, *more: str) -> list[str]:
    named = ["--endpoint", url, "--model", "mock", "--data", str(frozen.root), "--results", str(results)]
    return [*COMMAND, *named, "--modality", "text", "--variants", "4", *more]


def evaluate_set(root: Path, url: str, results: Path, limits: RequestLimits) -> None:
    evaluate(frozen_set.load(root), url, results, limits=limits)


@pytest.mark.slow
def test_fifty_kills_end_in_the_same_predictions_and_ask_at_most_those_in_flight_again(
    tmp_path: Path,
) -> None:
    """Each run is a forked child, since a start of the command takes longer than all its requests."""
    kills, concurrency, frozen = 50, 4, tiny_set(tmp_path / "set", articles=40)
    limits = RequestLimits(concurrency=concurrency)
    with serving(MockServer()) as server:
        wanted = evaluate(frozen, server.url, tmp_path / "whole")
        once = Counter(server.asked)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with serving(MockServer(delay_s=0.03)) as server:
        for number in range(kills):
            before = sum(server.asked.values())
            process = context.Process(target=evaluate_set, args=(frozen.root, server.url, tmp_path / "killed", limits))
            process.start()
            while sum(server.asked.values()) < before + 3 + number % 6:
                assert process.is_alive(), "killed before its end"
                process.join(0.002)
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
        found = evaluate(frozen, server.url, tmp_path / "killed", limits=limits)
    assert found.predictions == wanted.predictions
    assert sum(server.asked.values()) <= sum(once.values()) + kills * (concurrency + 1), "and one trial per start"


def everything_below(folder: Path) -> str:
    """The content of all files; a file or folder that is renamed meanwhile is read the next time."""
    found = ""
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                found += Path(root, name).read_text(errors="replace")
    return found


def process_list() -> str:
    """The command lines and names of all processes and threads; one that ends meanwhile is left out."""
    found = ""
    for path in [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/task/*/comm")]:
        with suppress(OSError):
            found += path.read_text(errors="replace")
    return found


def test_the_key_is_in_no_file_output_or_command_line(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    environment = os.environ | {"MY_KEY": SECRET, "TMPDIR": str(tmp_path / "temporary"), "HOME": str(tmp_path)}
    with serving(MockServer(key=SECRET, delay_s=0.05)) as server:
        run = words(frozen, server.url, tmp_path / "results", "--api-key-variable", "MY_KEY")
        process = subprocess.Popen(run, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        seen = ""
        while process.poll() is None:
            seen += process_list()
            seen += everything_below(tmp_path)
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        (tmp_path / "key").write_text("sk-wrong-key-that-the-server-quotes\n")
        refused = subprocess.run(
            words(frozen, server.url, tmp_path / "refused", "--api-key-file", str(tmp_path / "key")),
            capture_output=True,
            text=True,
            check=False,
        )
        (tmp_path / "key").unlink()
    assert refused.returncode == 2
    assert "the server refuses the key" in refused.stderr
    for text in (seen, output, errors, everything_below(tmp_path), refused.stdout, refused.stderr):
        assert SECRET not in text
        assert "sk-wrong" not in text
    assert any(SECRET in head for head in server.headers)


def test_a_dry_run_says_how_many_requests_it_takes(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer()) as server:
        run = words(frozen, server.url, tmp_path, "--dry-run", "--input-price", "1", "--output-price", "2")
        done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answered = {json.dumps(body["messages"]) for body in server.bodies}
    assert len(answered) == 2 * TRIAL_PAIRS + 1, "both orders of each pair, and the trial"
    (requests, pairs, prompt, completion) = map(int, re.findall(r"(\d+) (?:requests|questions|tokens)", done.stdout))
    assert pairs > len(frozen.questions), "with the variants"
    assert (requests, prompt, completion) == (2 * pairs, 200 * pairs, 2 * pairs)
    assert f"cost {(200 + 2 * 2) * pairs / 1e6:.2f}" in done.stdout
    assert sum(server.asked.values()) <= 9
    assert not list(tmp_path.iterdir())


def test_a_folder_with_an_endpoint_needs_no_program(frozen: frozen_set.FrozenSet, tmp_path: Path) -> None:
    with serving(MockServer()) as server:
        folder = tmp_path / "mine"
        folder.mkdir()
        (folder / "submission.toml").write_text(
            'name = "mine"\nauthors = ["T"]\nlicence = "MIT"\nmodalities = ["text"]\n'
            f'[endpoint]\nmodel = "mock"\nserved_by = "this test"\nurl = "{server.url}"\nprompt = "prompt.toml"\n'
        )
        (folder / "prompt.toml").write_text('version = "mine-1"\nquestion = "\\nFirst? A or B."\n')
        named = ["--data", str(frozen.root), "--results", str(tmp_path / "results"), "--variants", "0"]
        done = subprocess.run([*COMMAND, str(folder), *named], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = bundle.read(next((tmp_path / "results").rglob("result.json")).parent)
    assert found.result.submission.name == "mine"
    assert found.result.served
    assert found.result.served.prompt_version == "mine-1"
    assert not list(tmp_path.rglob("*.answers")), "no longer needed once the bundle is complete"
    assert all("First? A or B." in json.dumps(body) for body in server.bodies)
