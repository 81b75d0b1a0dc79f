"""The controls and the template, each in a process of its own."""

import ast
from pathlib import Path

import pytest

from harness.contract import frozen_set, submission
from harness.records import Modality
from tests.submissions.predicting import ROOT, ask

SUBMISSIONS = ROOT / "submissions"
CONTROLS = ("coin", "always_first", "title_only", "headline_length", "metadata")
FOLDERS = sorted(path.parent.name for path in SUBMISSIONS.glob("*/submission.toml"))


@pytest.fixture(scope="module")
def test(data: Path) -> frozen_set.FrozenSet:
    return frozen_set.load(data / "test")


@pytest.mark.parametrize("name", FOLDERS)
def test_every_submission_is_named_as_its_folder_and_can_be_built(name: str) -> None:
    subject = submission.load(SUBMISSIONS / name)
    assert subject.name == name
    assert (SUBMISSIONS / name / (subject.image.dockerfile or "")).is_file()
    assert (SUBMISSIONS / name / subject.command[-1]).is_file()


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_needs_no_library(name: str) -> None:
    assert submission.load(SUBMISSIONS / name).manifest.kind == "control"
    tree = ast.parse((SUBMISSIONS / name / "predict.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"hashlib", "json", "math", "sys", "pathlib", "harness.serve"}


@pytest.mark.parametrize(
    ("name", "modality"), [(n, m) for n in CONTROLS for m in submission.load(SUBMISSIONS / n).manifest.modalities]
)
def test_a_control_answers_every_pair_in_each_of_its_modalities(
    name: str, modality: Modality, test: frozen_set.FrozenSet
) -> None:
    assert len(ask(SUBMISSIONS / name, test, modality)) == 60


def test_always_first_is_right_for_exactly_the_pairs_in_order(test: frozen_set.FrozenSet) -> None:
    answers = ask(SUBMISSIONS / "always_first", test, Modality.TEXT)
    assert sum((answers[a.pair_id] > 0.5) == bool(a.label) for a in test.truths) == 30


def test_title_only_says_the_same_under_one_title(test: frozen_set.FrozenSet) -> None:
    answers = ask(SUBMISSIONS / "title_only", test, Modality.VISION)
    by_title: dict[str, set[float]] = {}
    for question in test.questions:
        by_title.setdefault(question.title, set()).add(answers[question.pair_id])
    assert len(by_title) == 10
    assert all(len(said) == 1 for said in by_title.values())


def test_the_shorter_headline_is_said_to_come_first(test: frozen_set.FrozenSet) -> None:
    answers = ask(SUBMISSIONS / "headline_length", test, Modality.TEXT)
    for question in test.questions:
        first, second = len(question.first.headline), len(question.second.headline)
        assert (answers[question.pair_id] > 0.5) == (first < second)


def test_the_smaller_picture_file_is_said_to_come_first(test: frozen_set.FrozenSet) -> None:
    answers = ask(SUBMISSIONS / "metadata", test, Modality.VISION)
    for question in test.questions:
        first, second = (test.picture(step).stat().st_size for step in (question.first, question.second))
        assert (answers[question.pair_id] > 0.5) == (first < second)


@pytest.mark.parametrize("program", ["predict.py", "plain.py"])
@pytest.mark.parametrize("modality", [*Modality])
def test_both_forms_of_the_template_answer(program: str, modality: Modality, test: frozen_set.FrozenSet) -> None:
    assert set(ask(SUBMISSIONS / "template", test, modality, command=[program]).values()) == {0.5}
