"""The picture of a run."""

from pathlib import Path

from submissions.shared.curves import Curve, best_of, draw, figure, read, write
from tests.submissions.conftest import ROOT

CURVES: list[Curve] = [
    Curve(epoch=1, loss=0.7, accuracy=0.5, validation_loss=0.6, validation_accuracy=0.6),
    Curve(epoch=2, loss=0.5, accuracy=0.7, validation_loss=0.5, validation_accuracy=0.8),
    Curve(epoch=3, loss=0.3, accuracy=0.9, validation_loss=0.7, validation_accuracy=0.8),
]


def test_of_equally_accurate_epochs_the_one_of_least_loss_is_best() -> None:
    assert best_of(CURVES).epoch == 2


def test_both_panels_show_training_and_validation_and_mark_the_epoch_that_is_kept() -> None:
    for axis, what in zip(figure(CURVES, "clip, text").axes, ("loss", "accuracy"), strict=True):
        training, validation, kept = axis.get_lines()
        assert list(training.get_xdata()) == [1, 2, 3]
        assert list(training.get_ydata()) == [getattr(curve, what) for curve in CURVES]
        assert list(validation.get_ydata()) == [getattr(curve, f"validation_{what}") for curve in CURVES]
        assert list(kept.get_xdata()) == [2, 2]


def test_the_original_model_has_a_picture_too() -> None:
    axis = figure([Curve(epoch=0, validation_loss=0.7, validation_accuracy=0.5)], "clip, text").axes[0]
    assert [line.get_label() for line in axis.get_lines()] == ["validation", "epoch 0, kept"]


def test_a_finished_run_is_drawn_beside_its_curves_in_the_same_bytes_each_time(trained: Path) -> None:
    drawn = trained / "vision_text/curves.svg"
    before = drawn.read_bytes()
    assert b"<svg" in before
    assert draw(trained / "vision_text", "clip, vision+text") == ["curves.svg", "curves.png"]
    assert drawn.read_bytes() == before


def test_the_curves_of_a_shipped_checkpoint_are_written_again_in_the_same_bytes(tmp_path: Path) -> None:
    shipped = ROOT / "submissions/clip/weights/vision_text/curves.jsonl"
    write(read(shipped), tmp_path / "curves.jsonl")
    assert (tmp_path / "curves.jsonl").read_bytes() == shipped.read_bytes()
