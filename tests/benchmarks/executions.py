"""Do plain and fast training differ by less than seeds do?

    python -m tests.benchmarks.executions                 # small CLIP, vision+text, three seeds: five minutes
    python -m tests.benchmarks.executions --modality text --seeds 5 --epochs 12

Each seed trains a small CLIP on the embedded sample by the `sample` preset for six epochs, once per execution, and
prints the best epoch's validation loss and its accuracy on the test pairs. The execution of a GPU, without its graphs,
runs on the CPU: the same rounding, slowly. "By seed" is the standard deviation over seeds within an execution; "by
execution", the mean difference to plain at the same seed, with its standard error.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from harness.contract import frozen_set
from harness.records import Modality
from submissions.shared.checkpoint import Origin
from submissions.shared.curves import Curve, best_of
from submissions.shared.execution import Execution
from submissions.shared.finetuning import Task, digests, load_examples, start_name, starting_point
from submissions.shared.model import OrderModel, choose_threads, load
from submissions.shared.pictures import PictureCache
from submissions.shared.settings import PRESETS, Settings
from submissions.shared.training import Run
from tests.submissions.test_shipped import SAMPLE

EXECUTIONS = {
    "plain": Execution(),
    "fast, on a CPU": Execution(fused=True),
    "fast, on a GPU": Execution("bfloat16", fused=True),
}
CPU = torch.device("cpu")


def trained(task: Task, modality: Modality, execution: Execution, settings: Settings) -> tuple[float, float]:
    """The best epoch's validation loss, and its share of right answers on the test pairs."""
    torch.manual_seed(settings.seed)
    model = OrderModel("clip", modality, starting_point(task))
    choose_threads(model)
    train, validation, test = (
        load_examples(frozen_set.load(SAMPLE / n), task, model) for n in ("train", "validation", "test")
    )
    with tempfile.TemporaryDirectory() as folder:
        curves: list[Curve] = []
        origin = Origin(None, digests(task), start_name(task), {"train": len(train), "validation": len(validation)})
        run = Run(model, train, validation, settings, origin, Path(folder) / "work", CPU, execution)
        run.finish(curves.append)
        run.publish(Path(folder) / "final")
        best = load(Path(folder) / "final", modality)
    with torch.inference_mode():
        right = sum(
            int((best(b).logits.argmax(-1) == labels).sum()) for b, labels in test.batches(range(len(test)), 64, CPU)
        )
    return best_of(curves).validation_loss, right / len(test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modality", type=Modality, choices=list(Modality), default=Modality.VISION_TEXT)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sets = [frozen_set.load(SAMPLE / name) for name in ("train", "validation")]
        task = Task("clip", *sets, None, PRESETS["sample"], None, PictureCache(Path(folder)))
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in EXECUTIONS}
        for seed in range(options.seeds):
            settings = replace(PRESETS["sample"], seed=seed, epochs=options.epochs)
            for name, execution in EXECUTIONS.items():
                found[name].append(trained(task, options.modality, execution, settings))
                print(
                    f"seed {seed}, {name}: loss {found[name][-1][0]:.3f}, test accuracy {found[name][-1][1]:.3f}",
                    flush=True,
                )
    for name, runs in found.items():
        for number, what in enumerate(("validation loss", "test accuracy")):
            values = [run[number] for run in runs]
            apart = [run[number] - plain[number] for run, plain in zip(runs, found["plain"], strict=True)]
            error = statistics.stdev(apart) / len(apart) ** 0.5
            print(
                f"{name}, {what}: mean {statistics.mean(values):.3f}, by seed {statistics.stdev(values):.3f}, "
                f"by execution {statistics.mean(apart):+.3f} ± {error:.3f}"
            )


if __name__ == "__main__":
    main()
