"""The conformance kit catches what it says: each predictor here breaks one requirement, and that one is not met."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contract import submission
from harness.contract.frozen_set import FrozenSet
from harness.records import Modality
from harness.run import conformance
from harness.run.conformance import AFRESH, AGAIN, COMPANY, KEEPS, NAMES, ORDER, REFUSES, Requirement, difference
from harness.run.session import Evaluation
from harness.sandbox.base import Limits
from harness.sandbox.process.sandbox import ProcessSandbox
from tests import predictors
from tests.sets import tiny_set

SHOULD = [AGAIN, ORDER, COMPANY, NAMES, AFRESH]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> FrozenSet:
    return tiny_set(tmp_path_factory.mktemp("set"))


def check(folder: Path, frozen: FrozenSet, modality: Modality = Modality.TEXT) -> dict[str, Requirement]:
    subject = submission.load(folder)
    evaluation = Evaluation(subject, frozen, modality, 0, None, Limits(startup_s=20, batch_s=5), varied=0)
    found = conformance.check(evaluation, ProcessSandbox(), None, folder.parent / "log")
    return {requirement.name: requirement for requirement in found}


def unmet(found: dict[str, Requirement]) -> set[str]:
    return {name for name, requirement in found.items() if not requirement.met}


@pytest.mark.parametrize("modality", Modality)
def test_a_sound_predictor_meets_all_but_what_it_does_not_try(
    tmp_path: Path, frozen: FrozenSet, modality: Modality
) -> None:
    found = check(predictors.submission(tmp_path / "s"), frozen, modality)
    assert set(found) == {KEEPS, REFUSES, *SHOULD}
    assert unmet(found) == {REFUSES}, "its loop does not look at the version"


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        ("for a in answer: a['p_in_order'] = min(1, asked / 20)", {AGAIN, ORDER, COMPANY, NAMES}),
        ("for n, a in enumerate(answer): a['p_in_order'] = n / 10", {ORDER, COMPANY}),
        ("for a in answer: a['p_in_order'] = len(pairs) / 10", {COMPANY}),
        ("for a in answer: a['p_in_order'] = int(a['id'], 16) / 2**64", {NAMES}),
        ("for a in answer: a['p_in_order'] = hash('x') % 97 / 97", {AFRESH}),
    ],
)
def test_what_an_answer_should_not_depend_on_is_found_out(
    body: str, broken: set[str], tmp_path: Path, frozen: FrozenSet
) -> None:
    found = check(predictors.submission(tmp_path / "s", body), frozen)
    assert unmet(found) - {REFUSES} == broken
    assert all("said 0." in found[name].reason for name in broken)


def test_a_predictor_that_breaks_the_protocol_fails_the_one_that_must_be_met(tmp_path: Path, frozen: FrozenSet) -> None:
    found = check(predictors.submission(tmp_path / "s", "answer.pop()"), frozen)
    assert set(found) == {KEEPS}
    assert found[KEEPS].must
    assert "Answer each pair exactly once" in found[KEEPS].reason


def test_the_pair_that_moved_most_is_shown_and_rounding_is_no_difference() -> None:
    assert difference({"a": 0.5, "b": 0.25}, {"a": 0.75, "b": 0.25}) == "said 0.5000, then 0.7500"
    assert difference({"a": 0.5}, {"a": 0.50001}) == ""
