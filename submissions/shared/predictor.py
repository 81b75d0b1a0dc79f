"""The predictor of a fine-tuned baseline: a checkpoint behind the predict-pair interface."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch

from harness.serve import Embedded, Pair, Predict, Start
from submissions.shared.checkpoint import RECORD, read_record
from submissions.shared.model import choose_threads, load
from submissions.shared.settings import RecipeError, folder_name

WEIGHTS = "WIKIORDER_WEIGHTS"  # a run of `wikiorder finetune`, mounted in place of the shipped weights


def predictor(shipped: Path, embeddings: bool = True) -> Callable[[Start], Predict]:
    """Return the function that `harness.serve.serve` calls once, with the modality.

    Args:
        shipped: the folder that holds one checkpoint per modality, such as `vision_text`.
        embeddings: also send the vectors that the head reads; vectors of text and pictures must have one width.
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
            return [Embedded(p, first, second, vector) for p, (first, second), vector in rows]

        return predict

    return start


def check_baseline(chosen: Path, shipped: Path) -> None:
    """Refuse the checkpoint of another baseline: its answers would be published under this one's name.

    Raises:
        RecipeError: the baseline of `chosen` is not the one of `shipped`.
    """
    if chosen == shipped or not (shipped / RECORD).is_file():
        return
    found, wanted = (read_record(folder).baseline for folder in (chosen, shipped))
    if found != wanted:
        raise RecipeError(f"{chosen}: a checkpoint of {found}, wanted one of {wanted}; name another folder")
