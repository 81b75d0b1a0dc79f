"""How fast is fine-tuning, against a loop that decodes as it goes, and against the Trainer of transformers?

    python -m tests.benchmarks.finetune

A small CLIP, vision+text, batch 4, five epochs on one thread, from pictures of 640 x 480 on the disk to weights: ours
decodes them once, into a cache that begins empty. Tokens, pixels, Adam and learning rate are the same for all. Ours and
the Trainer validate four pairs and save after each epoch, so that both could go on after a kill; the loop does not. The
Trainer is fed twice: by a data set that decodes as it is asked, and by one made ready by our own cache.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from harness.serve import Pair
from submissions.shared.baselines import BASELINES
from submissions.shared.checkpoint import Origin
from submissions.shared.curves import Curve
from submissions.shared.examples import prepare
from submissions.shared.model import EncodedBatch, OrderModel, choose_threads, pad
from submissions.shared.pictures import PictureCache
from submissions.shared.sequence import small_tokenizer
from submissions.shared.settings import Settings, SmallSize
from submissions.shared.training import Run
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Size, at_least, compared, timed

PAIRS = {Size.TINY: 8, Size.QUICK: 100, Size.FULL: 1_000}
REPEATS = {Size.TINY: 1, Size.QUICK: 3, Size.FULL: 5}
EPOCHS = {Size.TINY: 1, Size.QUICK: 5, Size.FULL: 5}
SEEN = 4  # pairs to validate on
PICTURES = 0.64  # a pair, as in the paper's Table 1: 119,138 of 186,000
CPU = torch.device("cpu")


class Data:
    """Questions and labels drawn at random, and pictures as detailed as photographs, as JPEGs in `folder`."""

    def __init__(self, folder: Path, pairs: int) -> None:
        rng = np.random.default_rng(0)
        self.folder = folder
        names = [f"{number}.jpg" for number in range(max(2, round(PICTURES * pairs)))]
        for name in names:
            coarse = Image.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)).resize((640, 480))
            grain = rng.normal(0, 8, (480, 640, 3))
            Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)).save(folder / name)
        words = [f"word{number}" for number in range(200)]
        self.pairs = []
        for number in range(pairs):
            title, one, other = (" ".join(rng.choice(words, count)) for count in (6, 9, 9))
            first, second = rng.choice(names, 2, replace=False)
            self.pairs.append(Pair(str(number), title, (one, other), (str(first), str(second))))
        self.labels = [number % 2 for number in range(pairs)]
        self.words = words

    def __len__(self) -> int:
        return len(self.pairs)

    def placed(self, indices: Sequence[int]) -> list[Pair]:
        """The pairs with whole paths."""
        chosen = [self.pairs[index] for index in indices]
        return [Pair(p.id, p.title, p.headlines, tuple(str(self.folder / i) for i in p.images or ())) for p in chosen]

    def model(self) -> OrderModel:
        torch.manual_seed(0)
        kind, size = BASELINES["clip"], SmallSize()
        model = OrderModel(
            "clip", "vision+text", kind.small(size, small_tokenizer(self.words, kind.special_tokens, 1024))
        )
        choose_threads(model)
        return model


def ours(data: Data, settings: Settings) -> tuple[int, float]:
    """The recipe's own run -> steps taken, the mean loss."""
    with tempfile.TemporaryDirectory() as folder:
        model, cache = data.model(), PictureCache(Path(folder) / "cache")
        train = prepare(data.pairs, data.labels, data.folder, model, cache)
        some = prepare(data.pairs[:SEEN], data.labels[:SEEN], data.folder, model, cache)
        curves: list[Curve] = []
        origin = Origin(None, {"train": "", "validation": ""}, "from scratch", {"train": len(data), "validation": SEEN})
        Run(model, train, some, settings, origin, Path(folder) / "work", CPU).finish(curves.append)
    steps = len(curves) * math.ceil(len(data) / settings.batch)
    return steps, sum(float(curve.loss) for curve in curves) / len(curves)


def plain_loop(data: Data, settings: Settings) -> tuple[int, float]:
    """What one writes first: every batch is read, decoded and tokenised when its turn comes."""
    model, steps, total = data.model().train(), 0, 0.0
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    for epoch in range(1, settings.epochs + 1):
        torch.manual_seed(epoch)
        order = torch.randperm(len(data)).tolist()
        for start in range(0, len(order), settings.batch):
            chosen = order[start : start + settings.batch]
            labels = torch.tensor([data.labels[index] for index in chosen])
            loss = cross_entropy(model(model.encode(data.placed(chosen))).logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps += 1
            total += loss.item() * len(chosen)
    return steps, total / len(data) / settings.epochs


class Wrapped(nn.Module):
    """The model as the Trainer wants one: it computes its own loss."""

    def __init__(self, model: OrderModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor, pixels: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.model(EncodedBatch(ids, mask, pixels)).logits
        return {"loss": cross_entropy(logits, labels), "logits": logits}


class Decoding(torch.utils.data.Dataset[dict[str, Any]]):
    """Reads, decodes and tokenises a pair each time it is asked for it."""

    def __init__(self, data: Data, model: OrderModel) -> None:
        self.data, self.model = data, model

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> dict[str, Any]:
        batch = self.model.encode(self.data.placed([index]))
        return {"ids": batch.ids[0].tolist(), "pixels": batch.pixels, "label": self.data.labels[index]}


class Ready(Decoding):
    """The same, made beforehand by the recipe's own cache, each picture once."""

    def __init__(self, data: Data, model: OrderModel) -> None:
        super().__init__(data, model)
        with tempfile.TemporaryDirectory() as folder:
            made = prepare(data.pairs, data.labels, data.folder, model, PictureCache(Path(folder)))
        assert made.pictures is not None and made.shown is not None
        lengths = made.mask[0].sum(1)
        self.rows = [
            {"ids": made.ids[0, n, : lengths[n]].tolist(), "pixels": torch.from_numpy(made.pictures[both])[None]}
            for n, both in enumerate(made.shown)
        ]

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {**self.rows[index], "label": self.data.labels[index]}


def trainer(data: Data, settings: Settings, source: type[Decoding]) -> tuple[int, float]:
    """The Trainer with the recipe's hyper-parameters; its AdamW without decay is Adam, fused by its default."""
    model = data.model()
    padding = model.encoders.sequencer.padding

    def collate(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        ids, mask = pad([row["ids"] for row in rows], padding)
        pixels, labels = torch.cat([row["pixels"] for row in rows]), torch.tensor([row["label"] for row in rows])
        return {"ids": ids, "mask": mask, "pixels": pixels, "labels": labels}

    with tempfile.TemporaryDirectory() as folder:
        options = transformers.TrainingArguments(
            folder,
            per_device_train_batch_size=settings.batch,
            num_train_epochs=settings.epochs,
            learning_rate=settings.learning_rate,
            lr_scheduler_type="constant",
            max_grad_norm=0,
            save_strategy="epoch",
            eval_strategy="epoch",
            label_names=["labels"],
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            use_cpu=True,
        )
        train = source(data, model)
        some = torch.utils.data.Subset(train, range(SEEN))
        run = transformers.Trainer(Wrapped(model), options, collate, train, some)
        run.remove_callback(transformers.trainer_callback.PrinterCallback)
        done = run.train()
    return int(done.global_step), float(done.training_loss)


def alike(one: tuple[int, float], other: tuple[int, float]) -> bool:
    """As many steps; on labels drawn at random, nearly the same loss, too."""
    return one[0] == other[0] and abs(one[1] - other[1]) < 0.1


def rows(size: Size) -> Iterator[Row]:
    settings = Settings(learning_rate=1e-4, epochs=EPOCHS[size], fast=True)
    step = "forward and backward, nine tenths of a step, the same for both"
    with tempfile.TemporaryDirectory() as folder:
        data = Data(Path(folder), PAIRS[size])
        others = (
            ("plain loop that decodes every epoch", lambda: plain_loop(data, settings), 3, "forward and backward"),
            ("Trainer on a data set that decodes", lambda: trainer(data, settings, Decoding), 1.3, ""),
            ("Trainer on our decoded pictures", lambda: trainer(data, settings, Ready), 1.3, step),
        )
        for against, other, aim, limit in others:
            yield compared(
                "finetune --fast, small CLIP, batch 4, CPU",
                against,
                timed(lambda: ours(data, settings)),
                timed(other),
                aim=at_least(aim),
                repeats=REPEATS[size],
                agree=alike,
                limit=limit,
            )


if __name__ == "__main__":
    measuring.main(rows, __doc__)
