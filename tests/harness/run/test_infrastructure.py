"""What the machine or the engine does to a run is never held against a submission: once more, then later."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.contract import bundle
from harness.contract.bundle import Bundle
from harness.contract.frozen_set import FrozenSet
from harness.errors import InfrastructureError
from harness.records import Modality
from harness.run import pipeline
from harness.run.journal import AnsweredBatch, Journal
from harness.run.session import Evaluation, EvaluationSession, Watch
from harness.sandbox.base import Ending, Launch, Sandbox
from harness.sandbox.container.sandbox import ContainerSandbox
from harness.sandbox.process.sandbox import ProcessPredictor, ProcessSandbox
from tests.hostile import arena
from tests.sets import tiny_set

GONE = "the container engine failed: it went away"


class Failing(ProcessSandbox):
    """Gives way so many times when it is to start a predictor."""

    def __init__(self, times: int) -> None:
        super().__init__(arena.common_python())
        self.times = times

    @contextmanager
    def open(self, launch: Launch) -> Iterator[ProcessPredictor]:
        if self.times:
            self.times -= 1
            raise InfrastructureError(GONE)
        with super().open(launch) as session:
            yield session


@pytest.fixture
def frozen(tmp_path: Path) -> FrozenSet:
    """24 pairs: six batches of four, at least."""
    return tiny_set(tmp_path / "set")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EvaluationSession, "pause_s", 0.0)


def evaluate(
    frozen: FrozenSet, sandbox: Sandbox, results: Path, attack: str = "honest", watch: Watch = lambda *_: None
) -> Bundle:
    with arena.reachable_corpus() as corpus:
        evaluation = Evaluation(arena.load(corpus, attack), frozen, Modality.TEXT, 7, None, arena.LIMITS, 0)
        return pipeline.evaluate(evaluation, sandbox, results, watch)


def once_at(pairs: int, act: Callable[[], object]) -> Watch:
    """Do something when so many pairs are answered, the first time."""
    left = [act]

    def watch(phase: str, done: int, total: int) -> None:
        if phase == "asking" and done >= pairs and left:
            left.pop()()

    return watch


def raising(error: Exception) -> Callable[[], object]:
    def act() -> None:
        raise error

    return act


def seams(found: Bundle) -> list[tuple[str, str]]:
    assert found.environment is not None
    return [(seam.fault, seam.reason) for seam in found.environment.seams]


def test_an_engine_that_fails_once_is_asked_once_more_and_the_seam_is_recorded(
    frozen: FrozenSet, tmp_path: Path
) -> None:
    found = evaluate(frozen, Failing(1), tmp_path / "r")
    assert found.result.status == "scored"
    assert seams(found) == [("infrastructure", GONE)]


def test_an_engine_that_fails_twice_ends_the_run_but_not_the_submission(frozen: FrozenSet, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="no fault of the submission") as caught:
        evaluate(frozen, Failing(2), tmp_path / "r")
    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(GONE)
    assert not list((tmp_path / "r").rglob("result.json"))
    assert evaluate(frozen, Failing(0), tmp_path / "r").result.status == "scored"


def test_a_full_disk_midway_costs_no_answer_and_is_not_asked_all_over(frozen: FrozenSet, tmp_path: Path) -> None:
    full = raising(OSError(errno.ENOSPC, "No space left on device", "the journal"))
    found = evaluate(frozen, Failing(0), tmp_path / "r", watch=once_at(12, full))
    assert found.result.status == "scored"
    assert len(found.predictions) == 24
    assert seams(found) == [("infrastructure", "the journal: No space left on device")]
    assert found.environment is not None
    assert [predictor.at_batch > 0 for predictor in found.environment.predictors] == [True]  # only of the second


def test_half_a_line_in_the_journal_is_cut_off_before_the_run_goes_on(
    frozen: FrozenSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, cut = Journal.append, [True]

    def cut_short(journal: Journal, batch: AnsweredBatch) -> None:
        if len(journal.batches) == 2 and cut:
            cut.pop()
            journal._stream.write(b'{"predictions":[["')
            raise OSError(errno.ENOSPC, "No space left on device")
        append(journal, batch)

    monkeypatch.setattr(Journal, "append", cut_short)
    found = evaluate(frozen, Failing(0), tmp_path / "r")
    assert found.result.status == "scored"
    assert found.predictions == evaluate(frozen, Failing(0), tmp_path / "whole").predictions


def test_a_predictor_that_somebody_else_ended_is_not_to_blame(
    frozen: FrozenSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Ending(137, outside="the machine ran out of memory")
    monkeypatch.setattr(ProcessPredictor, "ending", lambda session: ended)
    with pytest.raises(InfrastructureError, match=r"the machine ran out of memory\. This is no fault"):
        evaluate(frozen, Failing(0), tmp_path / "r", "dies")


def test_a_predictor_that_dies_of_itself_is_to_blame_and_the_seam_says_so(frozen: FrozenSet, tmp_path: Path) -> None:
    found = evaluate(frozen, Failing(0), tmp_path / "r", "crash_late")
    assert found.result.status == "scored"
    ((fault, reason),) = seams(found)
    assert fault == "submission"
    assert "ended without answering" in reason


def test_a_failed_row_keeps_the_denominator_of_no_one(frozen: FrozenSet, tmp_path: Path) -> None:
    """Failed, it has no score at all: not one over the pairs that it did answer."""
    found = evaluate(frozen, Failing(0), tmp_path / "r", "dies")
    assert (found.result.status, found.result.scores) == ("failed", None)
    assert found.result.failure is not None
    assert found.result.failure.fault == "submission"


@pytest.mark.docker
def test_a_container_killed_from_outside_is_replaced_and_asked_the_rest(frozen: FrozenSet, tmp_path: Path) -> None:
    sandbox = ContainerSandbox()

    def kill() -> None:
        owned = {"label": f"{arena.OWNER_LABEL}={arena.owner(os.getpid())}"}
        for container in sandbox._engine.containers.list(filters=owned):
            container.kill()

    found = evaluate(frozen, sandbox, tmp_path / "r", watch=once_at(12, kill))
    assert found.result.status == "scored"
    assert seams(found) == [("infrastructure", "the predictor was ended from outside")]
    assert len(found.predictions) == 24
    assert [left for left in arena.left_behind(sandbox) if not left.startswith("/")] == []  # others have files in /tmp


@pytest.mark.docker
def test_what_a_container_used_is_in_its_bundle(frozen: FrozenSet, tmp_path: Path) -> None:
    found = evaluate(frozen, ContainerSandbox(), tmp_path / "r")
    assert found.environment is not None
    (used,) = found.environment.predictors
    assert 2**20 < (used.peak_memory_bytes or 0) < 2**30
    assert (used.cpu_s or 0) > 0
    assert used.out_of_memory == 0


def test_what_a_process_used_is_in_its_bundle(frozen: FrozenSet, tmp_path: Path) -> None:
    found = bundle.read(evaluate(frozen, Failing(0), tmp_path / "r").root)
    assert found.environment is not None
    (used,) = found.environment.predictors
    assert 2**20 < (used.peak_memory_bytes or 0) < 2**30
    assert (used.cpu_s or 0) > 0
    assert used.throttled_s is None
