"""A record that exists is legal."""

import math

import pytest

from harness.records import GroundTruth, Modality, Prediction, Step, StepPair

ONE, TWO = Step("Boil water.", "images/aa/1.jpg"), Step("Pour.", "images/bb/2.jpg")


@pytest.mark.parametrize("p", [-0.01, 1.01, math.nan, math.inf])
def test_a_probability_lies_between_0_and_1(p: float) -> None:
    with pytest.raises(ValueError, match="a probability lies in"):
        Prediction("p1", p)


@pytest.mark.parametrize(("p", "label"), [(0.0, 0), (0.5, 0), (0.500001, 1), (1.0, 1)])
def test_a_tie_is_out_of_order(p: float, label: int) -> None:
    assert Prediction("p1", p).label == label


def test_a_label_must_agree_with_the_positions() -> None:
    GroundTruth("p1", 1, "a", (0, 3))
    GroundTruth("p1", 0, "a", (3, 0))
    with pytest.raises(ValueError, match="contradicts positions"):
        GroundTruth("p1", 1, "a", (3, 0))
    with pytest.raises(ValueError, match="two different indices"):
        GroundTruth("p1", 0, "a", (2, 2))


def test_strata_cannot_be_changed_after_the_fact() -> None:
    strata = {"kind": "both"}
    answer = GroundTruth("p1", 1, "a", (0, 1), strata)
    strata["kind"] = "text"
    assert answer.strata["kind"] == "both"


def test_two_equal_steps_have_no_order() -> None:
    with pytest.raises(ValueError, match="no order can be told"):
        StepPair("p1", "Food", "Make Tea", ONE, ONE)
    assert StepPair("p1", "Food", "Make Tea", ONE, TWO).second == TWO


@pytest.mark.parametrize(
    ("modality", "images", "headlines"), [("vision+text", True, True), ("vision", True, False), ("text", False, True)]
)
def test_a_modality_says_what_travels(modality: str, images: bool, headlines: bool) -> None:
    assert (Modality(modality).sends_images, Modality(modality).sends_headlines) == (images, headlines)
