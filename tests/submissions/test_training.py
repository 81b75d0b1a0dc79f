"""The training loop: what it keeps, how it resumes, how it stops."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.serve import Pair
from submissions.shared.baselines import BASELINES
from submissions.shared.checkpoint import Origin
from submissions.shared.curves import Curve
from submissions.shared.examples import Examples, prepare
from submissions.shared.model import EncodedBatch, ModelOutput, OrderModel, load
from submissions.shared.pictures import PictureCache
from submissions.shared.sequence import small_tokenizer
from submissions.shared.settings import PRESETS, RecipeError, Settings, SmallSize
from submissions.shared.training import Run

SETTINGS = Settings(learning_rate=1e-3, batch=8, epochs=4, warm_up=3)
HEADLINES = ("Mix it.", "Bake it.")


def make_run(work: Path, settings: Settings = SETTINGS, data: int = 0) -> Run:
    """A run in modality "text" on 24 questions that a word answers."""
    torch.manual_seed(0)
    kind = BASELINES["clip"]
    size = SmallSize(hidden=16, layers=1, heads=2, feed_forward=16, side=16, patch=8, vocabulary=300)
    model = OrderModel("clip", "text", kind.small(size, small_tokenizer(HEADLINES, kind.special_tokens, 300)))
    pairs = [Pair(str(n), f"Dish {n}", HEADLINES if n % 2 else HEADLINES[::-1], None) for n in range(24)]
    labels = [n % 2 for n in range(24)]
    cache = PictureCache(work.parent / "cache")

    def ready(start: int, end: int) -> Examples:
        return prepare(pairs[start:end], labels[start:end], work, model, cache)

    digests = {"train": f"train {data}", "validation": f"validation {data}"}
    origin = Origin(None, digests, "from scratch", {"train": 16, "validation": 8})
    return Run(model, ready(0, 16), ready(16, 24), settings, origin, work, torch.device("cpu"))


class KilledError(Exception):
    """Stands for a kill."""


def test_the_default_settings_are_the_papers() -> None:
    paper = PRESETS["paper"]
    assert (paper.learning_rate, paper.batch, paper.epochs, paper.warm_up) == (1e-5, 4, 5, 0)


@pytest.mark.parametrize("fast", [False, True])
def test_a_killed_run_resumes_and_ends_in_the_same_weights(tmp_path: Path, fast: bool) -> None:
    settings = replace(SETTINGS, fast=fast)
    whole = make_run(tmp_path / "whole", settings)
    whole.finish(lambda curve: None)

    def kill(curve: Curve) -> None:
        if curve.epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        make_run(tmp_path / "killed", settings).finish(kill)
    epochs: list[float] = []
    resumed = make_run(tmp_path / "killed", settings)
    resumed.finish(lambda curve: epochs.append(curve.epoch))
    assert epochs == [3, 4]
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[key]), key


def test_a_run_on_other_data_is_not_continued(tmp_path: Path) -> None:
    make_run(tmp_path / "run", replace(SETTINGS, epochs=1)).finish(lambda curve: None)
    with pytest.raises(RecipeError, match="an unfinished run on other data or with other settings"):
        make_run(tmp_path / "run", replace(SETTINGS, epochs=1), data=1).finish(lambda curve: None)


def test_the_best_validation_epoch_is_published_with_its_curves(tmp_path: Path) -> None:
    run = make_run(tmp_path / "work")
    run.finish(lambda curve: None)
    run.publish(tmp_path / "final")
    lines = (tmp_path / "final/curves.jsonl").read_text(encoding="utf-8").splitlines()
    curves = [json.loads(line) for line in lines]
    assert [curve["epoch"] for curve in curves] == [1, 2, 3, 4]
    best = max(curves, key=lambda curve: (curve["validation_accuracy"], -curve["validation_loss"]))
    record = json.loads((tmp_path / "final/recipe.json").read_text(encoding="utf-8"))
    assert record["best_epoch"] == best["epoch"]
    assert record["validation_accuracy"] == best["validation_accuracy"]
    assert not (tmp_path / "work").exists()


def test_no_epoch_publishes_the_original_model(tmp_path: Path) -> None:
    run = make_run(tmp_path / "work", replace(SETTINGS, epochs=0))
    before = {key: value.clone() for key, value in run.model.state_dict().items()}
    run.finish(lambda curve: None)
    run.publish(tmp_path / "final")
    for key, value in load(tmp_path / "final", "text").state_dict().items():
        assert torch.equal(value, before[key]), key


def test_a_loss_that_is_no_number_stops_and_says_where(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"at epoch 1, step 2; no epoch was finished\. Lower --learning-rate"):
        make_run(tmp_path / "work", replace(SETTINGS, learning_rate=1e30, warm_up=0)).finish(lambda curve: None)


def test_a_loss_that_breaks_later_keeps_the_best_finished_epoch(tmp_path: Path) -> None:
    run = make_run(tmp_path / "work")

    def spoil(curve: Curve) -> None:
        if curve.epoch == 2:
            with torch.no_grad():
                run.model.head.bias.fill_(float("nan"))

    with pytest.raises(RecipeError, match=r"at epoch 3, step 1; the best finished epoch is kept in .*epoch-[12]\."):
        run.finish(spoil)
    kept = [folder for folder in (tmp_path / "work").iterdir() if folder.is_dir()]
    assert len(kept) == 1
    assert load(kept[0], "text").modality == "text"


@pytest.mark.parametrize(("room", "told"), [(3, "one of 2 fits: --batch 2"), (0, "and even at 1")])
def test_out_of_memory_says_which_batch_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, told: str
) -> None:
    run = make_run(tmp_path / "work")
    forward = run.model.forward

    def small(batch: EncodedBatch) -> ModelOutput:
        if len(batch.ids) > room:
            raise torch.OutOfMemoryError
        return forward(batch)

    monkeypatch.setattr(run.model, "forward", small)
    with pytest.raises(RecipeError, match=f"out of memory at batch 8.*{told}"):
        run.finish(lambda curve: None)


def test_the_learning_rate_climbs_during_warm_up(tmp_path: Path) -> None:
    run = make_run(tmp_path / "work")
    rates = []
    for step in range(5):
        run._set_learning_rate(step, 100)
        rates.append(run.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([1e-3 / 3, 2e-3 / 3, 1e-3, 1e-3, 1e-3])


@pytest.mark.parametrize("content", [b"", b"cut short", b"PK\x03\x04", None])
def test_a_state_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    run = make_run(tmp_path / "work", replace(SETTINGS, epochs=1))
    run.finish(lambda curve: None)
    state = tmp_path / "work/state.pt"
    state.write_bytes(state.read_bytes()[:-1000] if content is None else content)
    with pytest.raises(RecipeError, match=r"state\.pt: not the state of a run \(.*\); delete .*work and") as error:
        make_run(tmp_path / "work", replace(SETTINGS, epochs=2)).finish(lambda curve: None)
    assert "\n" not in str(error.value)


def test_validation_goes_on_in_batches_that_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_run(tmp_path / "whole")._validate()
    run = make_run(tmp_path / "work")
    forward, sizes = run.model.forward, []

    def small(batch: EncodedBatch) -> ModelOutput:
        sizes.append(len(batch.ids))
        if len(batch.ids) > 3:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return forward(batch)

    monkeypatch.setattr(run.model, "forward", small)
    assert run._validate() == pytest.approx(whole)
    assert sizes == [8, 8, 8, 8, 4, 2, 2, 2, 2]  # eight questions, by 64, 32, 16, 8, 4 and at last by 2


def test_an_error_that_is_not_of_memory_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(batch: EncodedBatch) -> ModelOutput:
        raise RuntimeError("shapes differ")

    run = make_run(tmp_path / "work")
    monkeypatch.setattr(run.model, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        run.finish(lambda curve: None)
