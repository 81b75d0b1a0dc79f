"""On a GPU: how fast do the full-size models train at batch 4, plainly and fast, and how long would Table 2 take?

    python -m tests.benchmarks.full_size

The weights are random, which costs as much as trained ones. The projection counts the pairs of Table 1 in five epochs,
one model a category, as the paper has it; reading, validating and saving are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor

from harness.published import table1
from harness.records import Modality
from submissions.shared.baselines import BASELINES
from submissions.shared.execution import Execution
from submissions.shared.model import EncodedBatch, OrderModel
from submissions.shared.sequence import small_tokenizer
from submissions.shared.settings import Settings, SmallSize
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Side, Size, absent, at_least, at_most, compared, timed

STEPS = {Size.TINY: 1, Size.QUICK: 100, Size.FULL: 1_000}
REPEATS = {Size.TINY: 1, Size.QUICK: 3, Size.FULL: 5}
TOKENS = 64  # of a title and two headlines, padded
PAPER = Settings()


def build(baseline: str, modality: Modality, small: bool) -> OrderModel:
    kind = BASELINES[baseline]
    if not small:
        return OrderModel(baseline, modality, kind.full_size())
    return OrderModel(
        baseline, modality, kind.small(SmallSize(), small_tokenizer(["Mix it."], kind.special_tokens, 300))
    )


def drawn(model: OrderModel, device: torch.device) -> list[tuple[EncodedBatch, Tensor]]:
    """Four batches of random tokens and pixels. The last token ends the text: CLIP reads its vector there."""
    ids = torch.randint(4, 250, (4, PAPER.batch, TOKENS))
    text: Any = [*model.encoders.models.values()][-1].config
    ids[:, :, -1] = getattr(text, "text_config", text).eos_token_id
    size = dict(model.encoders.processor.size)
    side = size.get("height") or size["shortest_edge"]
    pixels = torch.randint(0, 256, (4, PAPER.batch, 2, 3, side, side), dtype=torch.uint8)
    labels = torch.randint(0, 2, (4, PAPER.batch))
    shown = [None if model.modality == "text" else each for each in pixels]
    batches = [EncodedBatch(i, torch.ones_like(i), p).to(device) for i, p in zip(ids, shown, strict=True)]
    return list(zip(batches, labels.to(device), strict=True))


def steps(baseline: str, modality: Modality, execution: Execution, size: Size, device: torch.device) -> Side:
    """Some steps of training; the first, which compiles, is taken here."""
    torch.manual_seed(0)
    model = build(baseline, modality, size == Size.TINY).to(device).train()
    optimizer = execution.optimizer(model, PAPER.learning_rate)
    step = execution.step(model, compiled=True)
    batches = drawn(model, device)

    def work(count: int = STEPS[size]) -> bool:
        total = torch.zeros((), device=device)
        for batch, labels in islice(cycle(batches), count):
            optimizer.zero_grad(set_to_none=True)
            loss, _ = step(batch, labels)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return bool(total.isfinite())  # waits for the device

    work(len(batches))
    return timed(work)


def pairs_of_table_2() -> int:
    """Pairs that one baseline reads in one modality: every category's, five times."""
    return PAPER.epochs * sum(category.train_pairs for category in table1.read())


def rows(size: Size) -> Iterator[Row]:
    there = torch.cuda.is_available()
    if not there and size != Size.TINY:
        yield absent("full-size models in training", "no GPU")
        return
    device = torch.device("cuda" if there else "cpu")
    fast = Execution.choose(fast=True, device=device) if there else Execution("bfloat16", fused=True)
    seconds = [0.0, 0.0]
    for baseline in BASELINES if size != Size.TINY else ("clip",):
        for modality in Modality if size != Size.TINY else (Modality.VISION_TEXT,):
            sides = [steps(baseline, modality, execution, size, device) for execution in (fast, Execution())]
            what = f"a step of {baseline}, {modality}, --fast"
            row = compared(what, "plain", *sides, aim=at_least(1), repeats=REPEATS[size], agree=bool.__and__)
            rate = PAPER.batch * STEPS[size] / row.seconds[0]
            yield row
            yield Row(f"{baseline}, {modality}, --fast", "", (rate,), "pairs a second")
            seconds = [
                known + pairs_of_table_2() * each / STEPS[size] / PAPER.batch
                for known, each in zip(seconds, row.seconds, strict=True)
            ]
    for name, projected, aim in zip(("--fast", "plain"), seconds, (at_most(2), None), strict=True):
        yield Row(f"training Table 2's 90 models, {name}", "", (projected / 3600,), "hours, projected", aim)


if __name__ == "__main__":
    measuring.main(rows, __doc__)
