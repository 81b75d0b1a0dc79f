"""The modality gap as performance, by hand and against the published table."""

from __future__ import annotations

from harness.contract import decoding
from harness.records import GroundTruth, Step, StepPair
from harness.statistics import modality_gap
from harness.statistics.modality_gap import BOTH, PICTURES, TEXT
from harness.statistics.tally import from_counts

KEY = b"a test's own key"
NAMES = "pqrstu"
# Right with pictures, with text, with both: one pair of every kind, "none" twice.
RIGHT = {
    PICTURES: dict(zip(NAMES, (1, 0, 1, 0, 0, 0), strict=True)),
    TEXT: dict(zip(NAMES, (0, 1, 1, 0, 0, 0), strict=True)),
    BOTH: dict(zip(NAMES, (1, 1, 0, 1, 0, 0), strict=True)),
}


def question(name: str) -> StepPair:
    return StepPair(name, "Travel" if name < "r" else "Health", "Go", Step("a", "a.jpg"), Step("b", "b.jpg"))


def test_every_pair_has_one_need_and_the_shares_add_to_one() -> None:
    found = modality_gap.shares([question(name) for name in NAMES], RIGHT)
    assert decoding.to_json(found.all) == {
        "only pictures": 0.166667, "only text": 0.166667, "either": 0.166667, "only together": 0.166667,
        "none": 0.333333, "pairs": 6,
    }  # fmt: skip
    assert found.categories["Travel"].only_pictures == 0.5
    assert found.categories["Health"].none == 0.5


def test_the_gaps_are_paired_differences() -> None:
    tallies = {
        modality: [from_counts("Travel", {"a": (count, 4), "b": (count, 4)})]
        for modality, count in ((BOTH, 4), (PICTURES, 3), (TEXT, 1))
    }
    found = modality_gap.gaps(tallies, KEY)
    assert {name: row.macro.value for name, row in found.items()} == {
        "vision+text minus vision": 0.25,
        "vision+text minus text": 0.75,
        "vision minus text": 0.5,
    }
    del tallies[TEXT]
    assert list(modality_gap.gaps(tallies, KEY)) == ["vision+text minus vision"]


def test_the_pairs_that_pictures_decided_come_widest_margin_first_and_one_an_article() -> None:
    truths = [GroundTruth(name, 1, article, (0, 1)) for name, article in zip("pqrs", "aabc", strict=True)]
    sees, blind = dict.fromkeys("pqrs", 1), dict.fromkeys("pqrs", 0)
    predictions = {
        PICTURES: {"p": 0.7, "q": 0.9, "r": 0.8, "s": 0.6},
        TEXT: {"p": 0.4, "q": 0.4, "r": 0.1, "s": 0.5},
        BOTH: dict.fromkeys("pqrs", 0.9),
    }
    correct = {PICTURES: sees, TEXT: blind, BOTH: sees}
    found = modality_gap.decided_by(PICTURES, truths, predictions, correct)
    assert [pair.pair_id for pair in found] == ["r", "q", "s"]
    assert [round(pair.margin, 6) for pair in found] == [0.7, 0.5, 0.1]
    assert modality_gap.decided_by(TEXT, truths, predictions, correct) == []
