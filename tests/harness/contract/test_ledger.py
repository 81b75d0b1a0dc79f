"""The ledger and the Ladder mechanism: by hand, against tampering, and against a climber."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import log2
from pathlib import Path

import pytest

from harness.contract import decoding, ledger
from harness.contract.bundle import ArticleCount
from harness.contract.ledger import LedgerLine, release
from harness.errors import InputError
from harness.records import Modality

SET, OTHER = "ab" * 32, "cd" * 32


def line(previous: str, released: float | None = 0.7, team: str = "ours", **changes: object) -> LedgerLine:
    fields = {
        "previous": previous,
        "date": "2026-11-25",
        "team": team,
        "set": SET,
        "modality": "text",
        "submission": "blip",
        "bundle": "ef" * 32,
        "step": 0.1,
        "released": released,
        "improved": True,
        "values": 8,
    }
    return decoding.convert(LedgerLine, fields | changes, "a test")


def filled(path: Path, looks: int = 3) -> Path:
    with ledger.opened(path) as held:
        for number in range(looks):
            held.append(line(held.head, released=0.5 + number / 10))
    return path


def test_the_first_score_is_rounded_to_the_step() -> None:
    assert release(0.7312, None, 0.1) == (0.7, True, 11)


@pytest.mark.parametrize(
    ("score", "value", "improved"),
    [(0.45, 0.5, False), (0.5, 0.5, False), (0.79, 0.5, False), (0.9, 0.5, False), (0.91, 0.9, True), (1.0, 1.0, True)],
)
def test_a_later_score_is_released_only_above_the_best_by_more_than_four_steps(
    score: float, value: float, improved: bool
) -> None:
    assert release(score, 0.5, 0.1) == (value, improved, 3)  # 0.5 again, 0.9 or 1.0


def test_a_look_after_the_highest_score_gives_nothing_away() -> None:
    assert release(1.0, 1.0, 0.1) == (1.0, False, 1)


def test_the_values_counted_are_all_that_can_occur() -> None:
    step = 0.029
    for best in (None, release(0.5, None, step).value, release(0.83, None, step).value):
        seen = {release(score / 5000, best, step).value for score in range(5001)}
        assert len(seen) == release(0.5, best, step).values


def test_the_step_is_the_standard_error_of_the_design() -> None:
    one_pair_each = [ArticleCount(f"a{n}", "Health", 0, 1) for n in range(100)]
    assert ledger.resolution(one_pair_each) == pytest.approx(0.05)
    ten_pairs_each = [ArticleCount(f"a{n}", "Health", n % 10, 10) for n in range(10)]
    assert ledger.resolution(ten_pairs_each) == pytest.approx(0.05 * (1 + 9 * ledger.WITHIN_ARTICLE) ** 0.5, abs=1e-6)


def test_the_step_does_not_depend_on_the_answers() -> None:
    right, wrong = ([ArticleCount(f"a{n}", "Health", k, 10) for n in range(10)] for k in (10, 0))
    assert ledger.resolution(right) == ledger.resolution(wrong)


def test_a_climber_who_keeps_what_scores_better_learns_next_to_nothing() -> None:
    """Hill climbing: flip a few answers, keep the flip if the published score rose. Exact scores would reach 100 %."""
    generator = random.Random(5)
    labels = [generator.getrandbits(1) for _ in range(1000)]
    step = 0.029

    def climb(looks: int, exact: bool) -> float:
        answers, best, kept = [generator.getrandbits(1) for _ in labels], None, 0.0
        for _ in range(looks):
            trial = list(answers)
            for place in generator.sample(range(1000), 5):
                trial[place] ^= 1
            score = sum(map(int.__eq__, trial, labels)) / 1000
            outcome = score if exact else release(score, best, step).value
            best = outcome if best is None or outcome > best else best
            if outcome > kept:
                answers, kept = trial, outcome
        return sum(map(int.__eq__, answers, labels)) / 1000

    assert climb(1000, exact=True) > 0.7
    assert climb(1000, exact=False) < 0.56


def test_every_line_is_read_back(tmp_path: Path) -> None:
    lines = ledger.read(filled(tmp_path / "ledger.jsonl"))
    assert [found.released for found in lines] == [0.5, 0.6, 0.7]
    assert lines[0].previous == ledger.FIRST


def test_no_ledger_is_an_empty_one(tmp_path: Path) -> None:
    assert ledger.read(tmp_path / "ledger.jsonl") == []


@pytest.mark.parametrize("number", [1, 2])
def test_a_changed_line_is_found_at_the_line_after_it(tmp_path: Path, number: int) -> None:
    path = filled(tmp_path / "ledger.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace('"team":"ours"', '"team":"them"')
    path.write_text("".join(lines))
    with pytest.raises(InputError, match=rf"ledger\.jsonl:{number + 1}: .* was changed, removed or inserted"):
        ledger.read(path)


@pytest.mark.parametrize("change", [lambda s: s[1:], lambda s: s[:1] + s[2:], lambda s: [s[0], *s], lambda s: s[::-1]])
def test_a_line_removed_repeated_or_moved_breaks_the_chain(
    tmp_path: Path, change: Callable[[list[str]], list[str]]
) -> None:
    path = filled(tmp_path / "ledger.jsonl")
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    with pytest.raises(InputError, match=r"ledger\.jsonl:[123]: "):
        ledger.read(path)


def test_a_line_in_another_layout_is_refused(tmp_path: Path) -> None:
    """Spaces in a line would be another way to write the same look, with another digest."""
    path = filled(tmp_path / "ledger.jsonl", 1)
    path.write_text(path.read_text().replace('","', '", "'))
    with pytest.raises(InputError, match=r"ledger\.jsonl:1: not written as the ledger writes"):
        ledger.read(path)


def test_half_a_line_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "ledger.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"ledger\.jsonl:3: "):
        ledger.read(path)


def test_a_line_that_does_not_follow_is_not_appended(tmp_path: Path) -> None:
    with ledger.opened(filled(tmp_path / "ledger.jsonl")) as held, pytest.raises(InputError, match="does not follow"):
        held.append(line("00" * 32))


def test_looks_and_bits_are_counted_per_team_and_set_over_all_modalities(tmp_path: Path) -> None:
    lines = [
        line(ledger.FIRST, values=8),
        line(ledger.FIRST, values=4, modality="vision"),
        line(ledger.FIRST, values=2, team="them"),
        line(ledger.FIRST, values=2, set=OTHER),
    ]
    found = [(of.team, of.looks, of.bits) for of in ledger.looks(lines, SET)]
    assert found == [("ours", 2, log2(8) + log2(4)), ("them", 1, 1.0)]
    assert ledger.best_of(lines, "ours", SET, Modality.TEXT) == 0.7
    assert ledger.best_of(lines, "them", SET, Modality.VISION) is None
