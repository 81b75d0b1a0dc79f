"""`wikiorder finetune` and the predictor that it makes, through a real process."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from harness.contract import frozen_set
from harness.records import Modality
from submissions.shared.checkpoint import read_record
from submissions.shared.finetuning import sent_pair
from submissions.shared.model import load
from submissions.shared.settings import folder_name
from tests.sets import tiny_set
from tests.submissions.conftest import ROOT, finetune
from tests.submissions.grids import FAMILY
from tests.submissions.predicting import ask

CLIP = ROOT / "submissions/clip"


@pytest.mark.parametrize("modality", [*Modality])
def test_the_served_predictor_answers_as_the_model_in_memory_and_well(
    trained: Path, data: Path, modality: Modality
) -> None:
    test = frozen_set.load(data / "test")
    answers = ask(CLIP, test, modality, environment={"WIKIORDER_WEIGHTS": str(trained)})
    model = load(trained / folder_name(modality), modality)
    pairs = []
    for question in test.questions:
        pair = sent_pair(question, modality)
        images = pair.images and tuple(str(test.root / image) for image in pair.images)
        pairs.append(type(pair)(pair.id, pair.title, pair.headlines, images))
    with torch.inference_mode():
        in_memory = model(model.encode(pairs)).p_in_order.tolist()
    assert [answers[question.pair_id] for question in test.questions] == pytest.approx(in_memory, abs=1e-5)
    right = sum((answers[a.pair_id] > 0.5) == bool(a.label) for a in test.truths)
    assert right / len(test.truths) > 0.8


def test_what_runs_in_a_container_loads_nothing_of_the_trusted_side() -> None:
    script = "import sys, submissions.shared.predictor; print(*sorted(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    ours = {name for name in run.stdout.split() if name.startswith(("harness", "dataset_builder", "leaderboard"))}
    assert ours == {"harness", "harness.serve"}
    assert not {"click", "jsonschema", "msgspec", "docker", "pandas", "submissions.shared.finetuning"} & set(
        run.stdout.split()
    )


def test_a_finished_run_is_neither_overwritten_nor_trained_again(trained: Path, data: Path, tmp_path: Path) -> None:
    arguments = (CLIP, "--data", data, "--preset", "sample", "--out", trained, "--modality", "text")
    again = finetune(*arguments)
    assert "holds a run of text already" in str(again.exception)
    finished = finetune(*arguments, "--epochs", "8", "--resume")
    assert "text: finished already" in finished.output, finished.exception
    other = finetune(*arguments, "--epochs", "7", "--resume")
    assert "a finished checkpoint of another run: it differs in settings.epochs; choose" in str(other.exception)
    for subset in ("train", "validation"):
        tiny_set(tmp_path, subset, 2)
    moved = finetune(CLIP, "--data", tmp_path, *arguments[3:], "--epochs", "8", "--resume")
    assert "it differs in data; choose another --out" in str(moved.exception)


def test_one_category_can_be_trained_alone(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = ("--data", data, "--preset", "sample", "--epochs", "0", "--modality", "text", "--out", out)
    assert finetune(CLIP, *options, "--category", "Alpha").exit_code == 0
    assert '"train": 120' in (out / "text/recipe.json").read_text(encoding="utf-8")
    unknown = finetune(CLIP, *options[:-1], tmp_path / "other", "--category", "Gamma")
    assert "no pair of category 'Gamma'; it holds Alpha, Beta" in str(unknown.exception)


def test_a_category_can_be_named_by_the_papers_code(two_categories: Path, tmp_path: Path) -> None:
    options = ("--data", two_categories, "--preset", "sample", "--epochs", "0", "--modality", "text", "--category")
    for category in ("FL", FAMILY):
        out = tmp_path / category
        assert finetune(CLIP, *options, category, "--out", out).exit_code == 0
        assert read_record(out / "text").origin.category == FAMILY


@pytest.mark.parametrize(
    ("baseline", "options", "message"),
    [
        ("coin", ["--preset", "sample"], "coin is no baseline of this recipe"),
        ("clip", [], "`wikiorder weights fetch clip FOLDER`"),
        ("clip", ["--weights", "nowhere"], "does not hold openai/clip-vit-base-patch32"),
        ("nobody", [], "no such folder"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    baseline: str, options: list[str], message: str, data: Path, tmp_path: Path
) -> None:
    result = finetune(ROOT / "submissions" / baseline, "--data", data, "--out", tmp_path / "run", *options)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert getattr(result.exception, "exit_code", None) == 2


def test_one_model_for_all_is_not_one_for_a_category(data: Path, tmp_path: Path) -> None:
    options = ("--data", data, "--preset", "sample", "--out", tmp_path / "run", "--pooled", "--category", "Alpha")
    told = str(finetune(CLIP, *options).exception)
    assert told == "--pooled trains one model for all categories, --category Alpha one for it: choose one"
