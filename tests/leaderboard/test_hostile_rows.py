"""Bundles made to fool the board: each is refused, or takes no rank, or is shown for what it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.contract import bundle, checksums, signature
from harness.contract.result import Timings
from harness.errors import InputError
from harness.records import Modality
from harness.run import verification
from leaderboard import eligibility
from leaderboard.board import make_board
from leaderboard.collect import collect
from leaderboard.document import Row
from leaderboard.markdown import markdown
from leaderboard.titles import skeleton, told_apart
from tests.leaderboard.bundles import MIDDLING, result, rewrite, write

PERFECT = {"Health": (10,) * 6, "Travel": (10,) * 6}
GOOD = {"Health": (9, 10, 9, 10, 9, 10), "Travel": (10, 9, 10, 9, 10, 9)}
CHANCE = {"Health": (5, 6, 4, 5, 6, 4), "Travel": (4, 6, 5, 5, 4, 6)}
LOOSE = {"sandbox": "process", "isolated": False}


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A board with a trusted key and an honest row; `results/`."""
    key = signature.create_key(tmp_path / "key.pem")
    (tmp_path / "trusted_keys").write_text(f"{signature.public_name(key)} ours\n")
    _sign(write(tmp_path / "results", "honest", GOOD), tmp_path)
    return tmp_path / "results"


def _sign(root: Path, folder: Path) -> Path:
    signature.sign(root, bundle.read(root).digest, signature.read_key(folder / "key.pem"))
    return root


def rows(results: Path) -> dict[str, Row]:
    return {row.submission.name: row for table in make_board(collect(results)).tables for row in table.rows}


def test_an_unsigned_unisolated_control_does_not_become_the_bar(board: Path) -> None:
    """A control with 100 % that no trusted key signed would otherwise be what honest rows must beat."""
    write(board, "bar", PERFECT, submission={"kind": "control"}, isolation=LOOSE)
    _sign(write(board, "coin", CHANCE, submission={"kind": "control"}), board.parent)
    found = rows(board)
    reasons = (eligibility.CONTROL, eligibility.NOT_ISOLATED, eligibility.NOT_SIGNED)
    assert found["bar"].unranked == reasons
    assert found["honest"].standing is not None
    assert found["honest"].standing.beats_controls
    (table,) = make_board(collect(board)).tables
    assert table.comparisons[Modality.VISION_TEXT].rows == 2


def test_a_signed_control_above_the_ceiling_does_not_become_the_bar(board: Path) -> None:
    sample = {"name": "wikiorder-sample"}
    for name, kind, right in (("model", "model", MIDDLING), ("bar", "control", GOOD), ("coin", "control", CHANCE)):
        _sign(write(board, name, right, set=sample, submission={"kind": kind}), board.parent)
    found = rows(board)
    assert found["bar"].unranked == (eligibility.CONTROL, eligibility.IMPOSSIBLE)
    assert found["model"].standing is not None
    assert found["model"].standing.beats_controls


@pytest.mark.parametrize("modality", list(Modality))
def test_a_row_resolvably_above_the_known_ceiling_is_impossible(tmp_path: Path, modality: Modality) -> None:
    write(tmp_path, "oracle", GOOD, set={"name": "wikiorder-sample"}, modality=modality.value)
    assert rows(tmp_path)["oracle"].unranked == (eligibility.IMPOSSIBLE,)
    assert rows(tmp_path)["oracle"].standing is None


def test_a_row_above_the_ceiling_but_not_resolvably_keeps_its_rank(tmp_path: Path) -> None:
    right = {"Health": (10, 5, 9, 6, 10, 6), "Travel": (9, 7, 10, 5, 9, 6)}  # 76.7 %, as far from it as chance goes
    write(tmp_path, "lucky", right, set={"name": "wikiorder-sample"}, modality="text")
    assert rows(tmp_path)["lucky"].standing is not None


def test_a_stateful_row_takes_no_rank_and_is_not_compared(tmp_path: Path) -> None:
    write(tmp_path, "honest", GOOD)
    write(tmp_path, "stateful", PERFECT, trust={"stateful": True})
    found = rows(tmp_path)
    assert found["stateful"].unranked == (eligibility.STATEFUL,)
    assert found["stateful"].standing is None
    assert "stateful" in markdown(make_board(collect(tmp_path)))
    assert found["honest"].standing is not None
    assert (found["honest"].standing.low, found["honest"].standing.high) == (1, 1)


def test_a_row_at_chance_takes_no_rank(tmp_path: Path) -> None:
    write(tmp_path, "guesser", CHANCE)
    assert rows(tmp_path)["guesser"].unranked == (eligibility.NOT_ABOVE_CHANCE,)


def test_a_row_that_answers_half_everywhere_takes_no_rank(tmp_path: Path) -> None:
    """0.5 predicts label 0, which is right for most pairs of a set whose labels are not balanced."""
    root = write(tmp_path, "shrug", GOOD)
    found = bundle.read(root)
    bundle.write(root, found.result, found.articles, {f"p{n}": 0.5 for n in range(120)}, [], Timings())
    assert rows(tmp_path)["shrug"].unranked == (eligibility.UNDECIDED,)


def test_every_reason_is_collected(board: Path) -> None:
    write(
        board,
        "worst",
        CHANCE,
        submission={"kind": "control"},
        isolation={"sandbox": "none", "isolated": False},
        trust={"stateful": True, "canaries": {"asked": 40, "agreements": 40, "p": 1e-12, "alarm": True}},
    )
    (board.parent / "disqualified").write_text(f"{bundle.read(board / _place('worst')).digest} carried the answers\n")
    assert rows(board)["worst"].unranked == (
        "disqualified: carried the answers",
        eligibility.KNOWS_CANARIES,
        eligibility.CONTROL,
        eligibility.PREDICTIONS_ONLY,
        eligibility.NOT_ISOLATED,
        eligibility.NOT_SIGNED,
        eligibility.STATEFUL,
        eligibility.NOT_ABOVE_CHANCE,
    )


def _place(name: str) -> Path:
    return Path(name, "tiny-1.0-test/vision_text")


def test_a_row_that_leaves_pairs_out_takes_no_rank(tmp_path: Path) -> None:
    write(tmp_path, "picky", GOOD, set={"pairs": 1200})
    assert rows(tmp_path)["picky"].unranked == (eligibility.NOT_WHOLE,)


def test_scores_without_counts_are_refused_beside_other_rows_and_never_filed(tmp_path: Path) -> None:
    write(tmp_path / "results", "honest", GOOD)
    root = write(tmp_path / "results", "bare", GOOD)
    bundle.write(root, bundle.read(root).result, [], {}, [], Timings())
    with pytest.raises(InputError, match="was asked other pairs"):
        collect(tmp_path / "results")
    assert verification.from_counts(bundle.read(root)) == ["articles.jsonl: holds no counts, so no accuracy follows"]


def test_a_micro_accuracy_over_other_pairs_than_the_counts_takes_no_rank(tmp_path: Path) -> None:
    root = write(tmp_path, "padded", GOOD)
    _edit(root, lambda record: record["scores"]["accuracy"]["micro"].update(pairs=60))
    assert eligibility.NOT_WHOLE in rows(tmp_path)["padded"].unranked


def test_a_replayed_signature_is_refused(board: Path) -> None:
    root = write(board, "thief", PERFECT)
    shutil.copyfile(signature.path_of(board / _place("honest")), signature.path_of(root))
    with pytest.raises(InputError, match=r"signs bundle .* but this one is"):
        collect(board)


def test_a_modality_swapped_after_signing_is_refused(board: Path) -> None:
    root = board / _place("honest")
    _edit(root, lambda record: record.update(modality="text"))
    with pytest.raises(InputError, match=r"signs bundle .* but this one is"):
        collect(board)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "1.5", "-0.1", "true", '"0.9"'])
def test_a_score_that_is_no_fraction_is_refused(tmp_path: Path, number: str) -> None:
    root = write(tmp_path, "nan", GOOD)
    path = root / "result.json"
    record = json.loads(path.read_text())
    record["scores"]["accuracy"]["macro"]["value"] = "HERE"
    path.write_text(json.dumps(record).replace('"HERE"', number))
    checksums.seal(root)
    with pytest.raises(InputError, match=r"result\.json"):
        collect(tmp_path)


def test_a_bundle_inside_another_is_refused(board: Path) -> None:
    """The outer bundle's signature must not lend its place to another one."""
    root = board / _place("honest")
    write(root, "nested", PERFECT)
    checksums.seal(root)
    _sign(root, board.parent)
    with pytest.raises(InputError, match="lies inside the bundle"):
        collect(board)


def test_two_sets_of_one_name_are_told_apart_by_their_digests(tmp_path: Path) -> None:
    write(tmp_path / "a", "honest", GOOD)
    write(tmp_path / "b", "easy", GOOD, set={"digest": "cd" * 32})
    shown = markdown(make_board(collect(tmp_path)))
    assert "## tiny 1.0 test (digest abababababab)" in shown
    assert "## tiny 1.0 test (digest cdcdcdcdcdcd)" in shown


def test_a_control_with_a_models_title_is_told_apart(tmp_path: Path) -> None:
    write(tmp_path, "blip", GOOD, submission={"title": "BLIP"})
    write(tmp_path, "fake", CHANCE, submission={"title": "ВLІР", "kind": "control"})  # noqa: RUF001 - Cyrillic
    found = rows(tmp_path)
    assert found["blip"].submission.title == "BLIP [blip]"
    assert found["fake"].submission.title == "ВLІР [fake]"  # noqa: RUF001 - Cyrillic


@pytest.mark.parametrize(
    "imitation",
    ["BLIP", "blip", "B L I P", "BLlP", "BL1P", "ΒLΙΡ", "ＢＬＩＰ", "B\u200dLIP", "BL\u0131P", "B\u034fLIP", "𝐁𝐋𝐈𝐏"],  # noqa: RUF001
)
def test_titles_that_look_alike_have_one_skeleton(imitation: str) -> None:
    assert skeleton(imitation) == skeleton("BLIP")


def test_different_titles_stay_as_they_are() -> None:
    titles = {"a": "CLIP", "b": "BLIP", "c": "ViT + RoBERTa", "d": "订单", "e": "順序"}
    assert told_apart(titles) == titles


def test_a_title_cannot_imitate_one_that_was_told_apart() -> None:
    found = told_apart({"blip": "BLIP", "other": "Blip", "fake": "BLIP [blip]"})
    assert found == {"blip": "BLIP [blip]", "other": "Blip [other]", "fake": "BLIP [blip] [fake]"}


def test_a_date_in_the_future_of_an_uncompared_row_is_not_the_boards(board: Path) -> None:
    root = write(board, "soon", GOOD)
    found = bundle.read(root)
    bundle.write(root, found.result, found.articles, {}, [], Timings(finished="9999-12-31T00:00:00+00:00"))
    assert make_board(collect(board)).date is None


def test_right_to_left_marks_and_enormous_titles_do_not_disturb_the_board(tmp_path: Path) -> None:
    evil = "\u202e\u2067" + "A" * 100_000
    write(tmp_path, "evil", GOOD, submission={"title": evil, "authors": [evil] * 1000, "licence": evil})
    shown = markdown(make_board(collect(tmp_path)))
    assert not {"\u202e", "\u2067"} & set(shown)
    assert len(shown) < 5_000


@pytest.mark.parametrize("blank", ["\u3164", "\u2800\u2800", "\u115f\u034f", "\u200b"])
def test_a_title_that_shows_nothing_is_replaced_by_the_name(tmp_path: Path, blank: str) -> None:
    write(tmp_path, "ghost", GOOD, submission={"title": blank})
    assert rows(tmp_path)["ghost"].submission.title == "ghost"


EVIL_WORDS = "v|1 [x](http://evil) @team <b>\n# top www.evil.com"


@pytest.mark.parametrize("field", ["name", "version", "subset"])
def test_the_words_of_a_set_are_escaped(tmp_path: Path, field: str) -> None:
    root = write(tmp_path, "honest", GOOD)
    _edit(root, lambda record: record["set"].update({field: EVIL_WORDS}))
    shown = markdown(make_board(collect(tmp_path)))
    (heading,) = [line for line in shown.splitlines() if line.startswith("## ")]
    assert r"v\|1 \[x\](http\://evil) \@team &lt;b&gt; \# top www\.evil.com" in heading


def test_a_category_is_escaped(tmp_path: Path) -> None:
    write(tmp_path, "honest", {EVIL_WORDS: (9,) * 6, "Travel": (9,) * 6})
    assert "<b>" not in markdown(make_board(collect(tmp_path)))


def test_a_failed_run_with_scores_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path, "both", GOOD)
    _edit(root, lambda record: record.update(status="failed", failure={"fault": "submission", "reason": "no"}))
    with pytest.raises(InputError, match="a run that is failed"):
        collect(tmp_path)


def _edit(root: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change result.json without looking at its types, and seal the bundle again."""
    path = root / "result.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    checksums.seal(root)


def test_a_rewritten_result_takes_no_rank_on_a_board_with_keys(board: Path) -> None:
    root = write(board, "late", GOOD)
    rewrite(root, result("late", bundle.read(root).result.scores, trust={"stateful": False, "probed": 50}))
    assert eligibility.NOT_SIGNED in rows(board)["late"].unranked
