"""The picture of a run."""

from pathlib import Path

from submissions.shared.curves import draw, figure
from submissions.shared.training import Curve, best_of

CURVES: list[Curve] = [
    {"epoch": 1, "loss": 0.7, "accuracy": 0.5, "validation_loss": 0.6, "validation_accuracy": 0.6},
    {"epoch": 2, "loss": 0.5, "accuracy": 0.7, "validation_loss": 0.5, "validation_accuracy": 0.8},
    {"epoch": 3, "loss": 0.3, "accuracy": 0.9, "validation_loss": 0.7, "validation_accuracy": 0.8},
]


def test_of_equally_accurate_epochs_the_one_of_least_loss_is_best() -> None:
    assert best_of(CURVES)["epoch"] == 2


def test_both_panels_show_training_and_validation_and_mark_the_epoch_that_is_kept() -> None:
    for axis, what in zip(figure(CURVES, "clip, text").axes, ("loss", "accuracy"), strict=True):
        training, validation, kept = axis.get_lines()
        assert list(training.get_xdata()) == [1, 2, 3]
        assert list(training.get_ydata()) == [curve[what] for curve in CURVES]
        assert list(validation.get_ydata()) == [curve[f"validation_{what}"] for curve in CURVES]
        assert list(kept.get_xdata()) == [2, 2]


def test_the_original_model_has_a_picture_too() -> None:
    axis = figure([{"epoch": 0, "validation_loss": 0.7, "validation_accuracy": 0.5}], "clip, text").axes[0]
    assert [line.get_label() for line in axis.get_lines()] == ["validation", "epoch 0, kept"]


def test_a_finished_run_is_drawn_beside_its_curves_in_the_same_bytes_each_time(trained: Path) -> None:
    drawn = trained / "vision_text/curves.svg"
    before = drawn.read_bytes()
    assert b"<svg" in before
    assert draw(trained / "vision_text", "clip, vision+text") == ["curves.svg", "curves.png"]
    assert drawn.read_bytes() == before
