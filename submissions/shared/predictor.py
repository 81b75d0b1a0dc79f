"""A fine-tuned baseline behind the predict-pair interface."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch

from harness.serve import Embedded, Pair, Predict, Start
from submissions.shared.errors import RecipeError
from submissions.shared.model import RECORD, choose_threads, load, read_record
from submissions.shared.settings import folder_name

WEIGHTS = "WIKIORDER_WEIGHTS"  # a run of `wikiorder finetune`, mounted in place of the shipped weights


def predictor(shipped: Path, embeddings: bool = True) -> Callable[[Start], Predict]:
    """What `harness.serve.serve` calls. shipped: the folder with one checkpoint a modality, `vision_text` and so on.

    embeddings: send the vectors that the head reads; those of text and of pictures must be of one size.
    """

    def start(hello: Start) -> Predict:
        torch.manual_seed(hello.seed)
        folder = Path(os.environ.get(WEIGHTS) or shipped)
        check_baseline(folder / folder_name(hello.modality), shipped / folder_name(hello.modality))
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = load(folder / folder_name(hello.modality), hello.modality).to(device)
        choose_threads(model)

        @torch.inference_mode()
        def predict(pairs: list[Pair]) -> list[float] | list[Embedded]:
            output = model(model.encode(pairs).to(device))
            probabilities: list[float] = output.p_in_order.tolist()
            if output.pictures is None or hello.modality != "vision+text" or not embeddings:
                return probabilities
            text, pictures = output.text.float().cpu().numpy(), output.pictures.float().cpu().numpy()
            rows = zip(probabilities, pictures, text, strict=True)
            return [Embedded(p, first, second, said) for p, (first, second), said in rows]

        return predict

    return start


def check_baseline(chosen: Path, shipped: Path) -> None:
    """Refuse another baseline's checkpoint: its answers would stand under this one's name."""
    if chosen == shipped or not (shipped / RECORD).is_file():
        return
    found, wanted = (read_record(folder)["baseline"] for folder in (chosen, shipped))
    if found != wanted:
        raise RecipeError(f"{chosen}: a checkpoint of {found}, wanted one of {wanted}")
