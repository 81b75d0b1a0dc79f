"""From bundles to rows: what is read, what is refused, what is cleaned."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contract import bundle, signature
from harness.errors import InputError
from leaderboard.collect import clean, collect
from leaderboard.eligibility import CONTROL, KNOWS_CANARIES, NOT_ABOVE_CHANCE, NOT_ISOLATED, NOT_SIGNED
from tests.leaderboard.bundles import MIDDLING, write


def test_a_bundle_becomes_a_row_with_its_accuracies(tmp_path: Path) -> None:
    write(tmp_path, "blip", {"Health": [10, 10], "Travel": [5, 0]})
    (found,) = collect(tmp_path)
    assert found.row.macro is not None
    assert found.row.macro.value == (1.0 + 0.25) / 2
    assert found.row.categories["Travel"].value == 0.25
    assert found.asked[2] == ("Travel", "Travel-0000", 10)
    assert found.correct == (10, 10, 5, 0)
    assert found.row.unranked == (NOT_ABOVE_CHANCE,)  # four articles allow no interval


def test_a_row_with_nothing_against_it_has_no_reason(tmp_path: Path) -> None:
    write(tmp_path, "blip", MIDDLING)
    (found,) = collect(tmp_path)
    assert found.row.unranked == ()


def test_a_failed_run_keeps_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "broken")
    (found,) = collect(tmp_path)
    assert found.row.failure == "answers 3 of 4 pairs"
    assert found.row.macro is None


def test_controls_and_unisolated_runs_take_no_rank(tmp_path: Path) -> None:
    write(tmp_path, "coin", MIDDLING, submission={"kind": "control"})
    write(tmp_path, "loose", MIDDLING, isolation={"sandbox": "process", "isolated": False})
    assert [found.row.unranked for found in collect(tmp_path)] == [(CONTROL,), (NOT_ISOLATED,)]


def test_a_board_with_trusted_keys_ranks_only_what_they_sign(tmp_path: Path) -> None:
    ours, theirs = (signature.create_key(tmp_path / name) for name in ("ours.pem", "theirs.pem"))
    for name, key in (("a", ours), ("b", theirs), ("c", None)):
        root = write(tmp_path / "results", name, MIDDLING)
        if key:
            signature.sign(root, bundle.read(root).digest, key)
    (tmp_path / "trusted_keys").write_text(f"# ours\n{signature.public_name(ours)}  The maintainers\n")
    found = [(filed.row.signer, filed.row.unranked) for filed in collect(tmp_path / "results")]
    assert found == [("The maintainers", ()), (None, (NOT_SIGNED,)), (None, (NOT_SIGNED,))]


def test_a_disqualified_run_stays_visible_with_its_reason(tmp_path: Path) -> None:
    root = write(tmp_path / "results", "cheat", MIDDLING)
    (tmp_path / "disqualified").write_text(f"{bundle.read(root).digest} carried the test pictures' names\n")
    (found,) = collect(tmp_path / "results")
    assert found.row.unranked == ("disqualified: carried the test pictures' names",)
    assert found.row.macro is not None


def test_a_line_that_is_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "trusted_keys").write_text("# fine\nssh-ed25519 AAAA me\n")
    with pytest.raises(InputError, match=r"trusted_keys:2: found 'ssh-ed25519 AAAA me', wanted 64 hexadecimal digits"):
        collect(tmp_path / "results")


def test_a_run_that_knows_the_canaries_takes_no_rank(tmp_path: Path) -> None:
    write(tmp_path, "cheat", MIDDLING, trust={"canaries": {"asked": 400, "agreements": 300, "p": 1e-24, "alarm": True}})
    write(tmp_path, "honest", MIDDLING, trust={"canaries": {"asked": 400, "agreements": 200, "p": 0.5, "alarm": False}})
    assert [found.row.unranked for found in collect(tmp_path)] == [(KNOWS_CANARIES,), ()]


def test_a_changed_bundle_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path, "blip", MIDDLING)
    path = root / "articles.jsonl"
    path.write_text(path.read_text().replace('"correct":6', '"correct":9', 1))
    with pytest.raises(InputError, match=r"articles\.jsonl: altered"):
        collect(tmp_path)


def test_two_bundles_of_one_run_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "one", "blip", MIDDLING)
    write(tmp_path / "two", "blip", MIDDLING)
    with pytest.raises(
        InputError, match=r"two bundles of blip vision\+text on tiny 1\.0 test: \S+/one/\S+ and \S+/two/\S+;"
    ):
        collect(tmp_path)


def test_rows_of_one_set_that_were_asked_differently_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "blip", MIDDLING)
    write(tmp_path, "clip", MIDDLING, asked=11, set={"pairs": 120})
    with pytest.raises(InputError, match=r"clip .* was asked other pairs than blip"):
        collect(tmp_path)


def test_no_folder_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder; wanted result bundles"):
        collect(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand tabs", "two lines and tabs"),
        ("right\u202eto left\u2066", "right to left"),
        ("null\x00byte\x1b[31m", "null byte [31m"),
        ("zero\u200bwidth\ufeff", "zero width"),
        ("👩\u200d🔬 and café", "👩\u200d🔬 and café"),
        ("x" * 200, "x" * 79 + "…"),
        ("\ud800", ""),
    ],
)
def test_a_strangers_words_become_one_harmless_line(written: str, shown: str) -> None:
    assert clean(written) == shown
