"""Filing a bundle: what is refused, in words that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.contract import bundle, publication, signature
from harness.errors import CheckError, InputError
from leaderboard.filing import add
from tests.leaderboard.bundles import MIDDLING, replace, rewrite, write


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A private board's record with one row on the set."""
    write(tmp_path / "board/results", "first", MIDDLING)
    return tmp_path / "board/results"


def test_a_bundle_is_filed_where_it_belongs(results: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "mine", "blip", MIDDLING)
    target = add(root, results)
    assert target == results / "blip/tiny-1.0-test/vision_text"
    assert bundle.read(target).digest == bundle.read(root).digest


def test_another_set_needs_a_word(results: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "mine", "blip", MIDDLING, set={"version": "2.0", "digest": "cd" * 32})
    with pytest.raises(CheckError, match=r"no row of the board is on tiny 2\.0 test .* --new-set"):
        add(root, results)
    assert add(root, results, new_set=True).is_dir()


def test_a_run_without_isolation_is_refused(results: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "mine", "blip", MIDDLING, isolation={"isolated": False})
    with pytest.raises(CheckError, match="refused: not isolated; run it again with --sandbox docker"):
        add(root, results)


def test_numbers_that_do_not_follow_from_the_counts_are_refused(results: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "mine", "blip", MIDDLING)
    found = bundle.read(root).result
    assert found.scores is not None
    accuracy = found.scores.accuracy
    inflated = replace(accuracy, macro=replace(accuracy.macro, value=0.99))
    rewrite(root, replace(found, scores=replace(found.scores, accuracy=inflated)))
    with pytest.raises(CheckError, match=r"do not follow from its counts: scores\.accuracy"):
        add(root, results)


def test_only_a_trusted_signature_opens_the_door(results: Path, tmp_path: Path) -> None:
    ours, theirs = (signature.create_key(tmp_path / name) for name in ("ours.pem", "theirs.pem"))
    (results.parent / "trusted_keys").write_text(f"{signature.public_name(ours)} The maintainers\n")
    root = write(tmp_path / "mine", "blip", MIDDLING)
    digest = bundle.read(root).digest
    with pytest.raises(CheckError, match="refused: not signed; `wikiorder sign"):
        add(root, results)
    signature.sign(root, digest, theirs)
    with pytest.raises(CheckError, match="which does not stand in trusted_keys"):
        add(root, results)
    signature.sign(root, digest, ours)
    assert signature.signer(signature.path_of(add(root, results)), digest) == signature.public_name(ours)


def test_a_hidden_sets_answers_are_withheld_first(results: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "mine", "blip", MIDDLING, set={"visibility": "hidden"})
    with pytest.raises(CheckError, match="refused: it answers a hidden set pair by pair; `wikiorder publish"):
        add(root, results, new_set=True)
    publication.publish(bundle.read(root), tmp_path / "public", results.parent / "ledger.jsonl", "ours")
    assert add(tmp_path / "public", results, new_set=True).is_dir()


def test_a_run_filed_already_is_replaced_only_when_told_to(results: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "mine", "first", {"Health": (6, 7, 8, 5, 6, 8), "Travel": (7, 8, 6, 7, 5, 9)})
    with pytest.raises(InputError, match="filed already; replace it with --replace"):
        add(root, results)
    assert bundle.read(add(root, results, replace=True)).digest == bundle.read(root).digest


def test_a_name_that_leads_elsewhere_is_refused(results: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "mine", "blip", MIDDLING)
    found = bundle.read(root).result
    rewrite(root, replace(found, set=replace(found.set, version="../../../../evil")))
    with pytest.raises(InputError, match="cannot name a folder"):
        add(root, results, new_set=True)
