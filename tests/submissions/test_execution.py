"""Fast execution of training steps beside plain execution."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from harness.contract import frozen_set
from submissions.shared.baselines import BASELINES
from submissions.shared.checkpoint import Origin
from submissions.shared.curves import Curve
from submissions.shared.examples import prefetch
from submissions.shared.execution import Execution, TrainingStep, repeatable
from submissions.shared.finetuning import Task, load_examples, starting_point
from submissions.shared.model import EncodedBatch, OrderModel, choose_threads
from submissions.shared.pictures import PictureCache
from submissions.shared.sequence import small_tokenizer
from submissions.shared.settings import PRESETS, SmallSize
from submissions.shared.training import Run
from tests.submissions.test_shipped import SAMPLE
from tests.submissions.test_training import HEADLINES, SETTINGS, make_run

CPU = torch.device("cpu")
SIZE = SmallSize(hidden=16, layers=1, heads=2, feed_forward=16, side=16, patch=8, vocabulary=300)


def small(baseline: str) -> tuple[OrderModel, EncodedBatch, Tensor]:
    """A model in vision+text, four questions and their labels."""
    torch.manual_seed(0)
    kind = BASELINES[baseline]
    model = OrderModel(baseline, "vision+text", kind.small(SIZE, small_tokenizer(HEADLINES, kind.special_tokens, 300)))
    ids = torch.randint(4, 200, (4, 12))
    ids[:, -1] = model.encoders.sequencer.end[0]
    pixels = torch.randint(0, 256, (4, 2, 3, 16, 16), dtype=torch.uint8)
    return model, EncodedBatch(ids, torch.ones_like(ids), pixels), torch.tensor([0, 1, 0, 1])


class Operations(TorchDispatchMode):
    """Records which operations ran, and in which precision: results may agree to the last bit whatever ran."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.products: set[torch.dtype] = set()

    def __torch_dispatch__(self, operation, types, arguments=(), keywords=None):
        found = operation(*arguments, **(keywords or {}))
        name = operation.overloadpacket.__name__
        self.names.add(name)
        if name in ("mm", "addmm", "bmm"):
            self.products.add(found.dtype)
        return found


@pytest.mark.parametrize(
    ("execution", "fused", "precision"),
    [
        (Execution(), False, torch.float32),
        (Execution(fused=True), True, torch.float32),
        (Execution("bfloat16", fused=True), True, torch.bfloat16),
    ],
    ids=["plain", "fused", "rounded"],
)
def test_each_execution_runs_the_operations_it_names(execution: Execution, fused: bool, precision: torch.dtype) -> None:
    model, batch, labels = small("clip")
    optimizer, step = execution.optimizer(model, 1e-3), execution.step(model)
    with Operations() as ran:
        loss, _ = step(batch, labels)
        forward = set(ran.products)
        loss.backward()
        optimizer.step()
    assert ("_fused_adam_" in ran.names) is fused
    assert forward == {precision}


def test_the_paper_trains_plainly_and_a_cpu_fast_in_float32() -> None:
    assert not PRESETS["paper"].fast
    assert Execution.choose(fast=False, device=CPU) == Execution("float32", fused=False, compiled=False)
    assert Execution.choose(fast=True, device=CPU) == Execution("float32", fused=True, compiled=False)


def test_the_checkpoint_records_its_execution(tmp_path: Path) -> None:
    run = make_run(tmp_path / "work", replace(SETTINGS, fast=True, epochs=1))
    run.finish(lambda curve: None)
    run.publish(tmp_path / "final")
    record = json.loads((tmp_path / "final/recipe.json").read_text(encoding="utf-8"))
    assert record["settings"]["fast"] is True
    assert record["pace"] == {"precision": "float32", "fused": True, "compiled": False}


def test_a_fast_run_ends_where_the_plain_one_does(tmp_path: Path) -> None:
    ends = []
    for fast in (False, True):
        curves: list[Curve] = []
        run = make_run(tmp_path / f"{fast}", replace(SETTINGS, fast=fast))
        run.finish(curves.append)
        ends.append(curves[-1])
    assert ends[1].loss == pytest.approx(ends[0].loss, rel=1e-4)
    assert ends[1].validation_accuracy == ends[0].validation_accuracy


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_step_in_bfloat16_is_near_the_one_in_float32(baseline: str) -> None:
    model, batch, labels = small(baseline)
    model.eval()
    plain, plain_logits = Execution().step(model)(batch, labels)
    rounded, logits = Execution("bfloat16").step(model)(batch, labels)
    assert rounded.dtype == logits.dtype == torch.float32
    torch.testing.assert_close(logits, plain_logits, atol=0.03, rtol=0.03)
    rounded.backward()
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert {p.grad.dtype for p in model.parameters() if p.grad is not None} == {torch.float32}
    assert rounded.item() == pytest.approx(plain.item(), abs=0.03)


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_step_is_one_graph_so_that_it_can_be_replayed(baseline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the compiler's own way of running a graph, since a GPU's is not here."""
    whole = torch.compile

    def compiled(step: TrainingStep, mode: str, dynamic: bool) -> object:
        assert mode == "reduce-overhead"
        return whole(step, backend="eager", fullgraph=True, dynamic=dynamic)

    monkeypatch.setattr(torch, "compile", compiled)
    model, batch, labels = small(baseline)
    model.eval()
    found = Execution(compiled=True).step(model, compiled=True)(batch, labels)
    torch.testing.assert_close(found, Execution().step(model)(batch, labels))


def test_texts_are_widened_for_graphs_and_no_further_than_the_longest(tmp_path: Path) -> None:
    examples = make_run(tmp_path / "work").train
    longest = examples.ids.shape[2]
    widths = partial(examples.batches, range(16), 4, CPU)
    assert longest < 32
    assert {batch.ids.shape[1] for batch, _ in widths(multiple=32)} == {longest}
    for (narrow, labels), (wide, same) in zip(widths(), widths(multiple=4), strict=True):
        assert wide.ids.shape == wide.mask.shape
        assert wide.ids.shape[1] in (longest, -(-narrow.ids.shape[1] // 4) * 4)
        assert torch.equal(wide.ids[:, : narrow.ids.shape[1]], narrow.ids)
        assert not wide.mask[:, narrow.ids.shape[1] :].any()
        assert torch.equal(labels, same)


def test_batches_made_ahead_are_the_same_in_the_same_order() -> None:
    assert list(prefetch(iter([3, 1, 2]))) == [3, 1, 2]
    assert list(prefetch(iter(()))) == []


def test_what_breaks_while_making_ahead_is_told() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(prefetch(broken()))


def test_deterministic_holds_while_training_and_no_longer(tmp_path: Path) -> None:
    during: list[bool] = []
    ends = []
    for name in ("once", "again"):
        run = make_run(tmp_path / name, replace(SETTINGS, deterministic=True, epochs=2))
        run.finish(lambda curve: during.append(torch.are_deterministic_algorithms_enabled()))
        ends.append(run.model.state_dict())
    assert during == [True] * 4
    assert not torch.are_deterministic_algorithms_enabled()
    assert all(torch.equal(value, ends[1][key]) for key, value in ends[0].items())


def test_an_operation_that_cannot_repeat_is_refused_within_repeatable() -> None:
    with repeatable(True), pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
        torch.zeros(3).put_(torch.tensor([0, 0]), torch.ones(2))
    with repeatable(False):
        torch.zeros(3).put_(torch.tensor([0, 0]), torch.ones(2))


@pytest.mark.slow
def test_executions_differ_far_less_than_seeds_do_on_the_embedded_sample(tmp_path: Path) -> None:
    """One category of it, in vision+text. The execution of a GPU runs here, too, without its graphs."""
    train, validation = (frozen_set.load(SAMPLE / name) for name in ("train", "validation"))
    category = train.questions[0].category
    settings = replace(PRESETS["sample"], epochs=2, warm_up=5)
    task = Task("clip", train, validation, category, settings, None, PictureCache(tmp_path / "cache"))

    origin = Origin(category, {"train": "", "validation": ""}, "from scratch", {"train": 0, "validation": 0})

    def loss(chosen: Execution, seed: int) -> float:
        torch.manual_seed(seed)
        model = OrderModel("clip", "vision+text", starting_point(task))
        choose_threads(model)
        seen, unseen = load_examples(train, task, model), load_examples(validation, task, model)
        seeded = replace(settings, seed=seed)
        run = Run(model, seen, unseen, seeded, origin, tmp_path / f"{chosen}-{seed}", CPU, chosen)
        run.finish(lambda curve: None)
        return run.curves[-1].loss

    plain, fused, rounded = (
        [loss(chosen, seed) for seed in range(3)]
        for chosen in (Execution(), Execution(fused=True), Execution("bfloat16", fused=True))
    )
    by_seed = statistics.stdev(plain)
    for fast in (fused, rounded):
        assert max(abs(one - other) for one, other in zip(fast, plain, strict=True)) < by_seed / 10
