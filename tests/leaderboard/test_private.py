"""Hidden sets on a public board: released scores, a ledger of looks, and ranks from private bundles alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.contract import bundle, decoding, files, ledger, publication, signature
from harness.errors import CheckError, InputError
from harness.run import verification
from leaderboard import eligibility, filing
from leaderboard.board import make_board
from leaderboard.collect import collect
from leaderboard.document import Row, SetTable
from leaderboard.markdown import markdown
from tests.leaderboard.bundles import MIDDLING, write

GOOD = {"Health": (9, 10, 9, 10, 9, 10), "Travel": (10, 9, 10, 9, 10, 9)}
CHANCE = {"Health": (5, 6, 4, 5, 6, 4), "Travel": (4, 6, 5, 5, 4, 6)}
HIDDEN = {"visibility": "hidden"}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """The record of a board with a trusted key, key.pem beside it."""
    key = signature.create_key(tmp_path / "key.pem")
    (tmp_path / "record/results").mkdir(parents=True)
    (tmp_path / "record/trusted_keys").write_text(f"{signature.public_name(key)} ours\n")
    return tmp_path / "record"


def private(record: Path, name: str, right: dict[str, tuple[int, ...]], **changes: object) -> Path:
    """A signed private bundle whose predictions differ from every other's."""
    root = write(record.parent / "private", name, right, set=HIDDEN, **changes)
    found = bundle.read(root)
    answers = {f"p{n}": round(len(name) / 100 + n / 1000, 6) for n in range(120)}
    bundle.write(root, found.result, found.articles, answers, [], found.timings)
    return _sign(root, record)


def _sign(root: Path, record: Path) -> Path:
    signature.sign(root, bundle.read(root).digest, signature.read_key(record.parent / "key.pem"))
    return root


def publish(record: Path, root: Path, team: str) -> Path:
    """Publish, sign and file a private bundle."""
    out = record.parent / "public" / root.parent.parent.name
    publication.publish(bundle.read(root), out, record / "ledger.jsonl", team)
    return filing.add(_sign(out, record), record / "results", new_set=True)


def compare(record: Path) -> int:
    words = ["compare-private", record.parent / "private", "--results", record / "results"]
    with pytest.raises(SystemExit) as ended:
        main(["leaderboard", *map(str, words), "--key", str(record.parent / "key.pem")])
    return int(ended.value.code or 0)


def table(record: Path) -> SetTable:
    looks = filing.read_policy(record).looks
    (found,) = make_board(collect(record / "results"), looks=looks).tables
    return found


def rows(record: Path) -> dict[str, Row]:
    return {row.submission.name: row for row in table(record).rows}


@pytest.fixture
def compared(record: Path) -> Path:
    """Two models and a control, published, filed and compared."""
    for name, right, kind in (("good", GOOD, "model"), ("middling", MIDDLING, "model"), ("coin", CHANCE, "control")):
        publish(record, private(record, name, right, submission={"kind": kind}), team=f"team-{name}")
    assert compare(record) == 0
    return record


def test_ranks_come_from_the_private_bundles(compared: Path) -> None:
    found = rows(compared)
    standings = {name: row.standing and (row.standing.low, row.standing.high) for name, row in found.items()}
    assert standings == {"good": (1, 1), "middling": (2, 2), "coin": None}
    assert found["good"].standing is not None
    assert found["good"].standing.beats_controls
    assert found["coin"].unranked == (eligibility.CONTROL, eligibility.NOT_ABOVE_CHANCE)


def test_nothing_in_the_record_holds_a_count_or_an_exact_score(compared: Path) -> None:
    names = {path.name for path in compared.rglob("*") if path.is_file()}
    assert not names & {"articles.jsonl", "predictions.jsonl", "probes.jsonl", "stderr.log"}
    text = "".join(path.read_text() for path in compared.rglob("*") if path.is_file())
    private = [bundle.read(root) for root in filing.bundle_folders(compared.parent / "private")]
    exact = [verification.scores_of(found).accuracy.macro.value for found in private]
    step = ledger.read(compared / "ledger.jsonl")[0].step
    for value in exact:
        if abs(value / step - round(value / step)) > 1e-4:
            assert str(value) not in text
    assert '"correct"' not in text


def test_the_board_shows_looks_and_bits(compared: Path) -> None:
    looks = table(compared).looks
    assert [(of.team, of.looks) for of in looks] == [("team-coin", 1), ("team-good", 1), ("team-middling", 1)]
    shown = markdown(make_board(collect(compared / "results"), looks=filing.read_policy(compared).looks))
    assert f"| team-good | 1 | {looks[1].bits:.1f} |" in shown


def test_a_row_that_was_not_compared_takes_no_rank(compared: Path) -> None:
    publish(compared, private(compared, "late", GOOD), team="late")
    assert rows(compared)["late"].unranked == (eligibility.NOT_COMPARED,)
    assert rows(compared)["good"].standing is not None


def test_a_repeated_score_takes_no_rank_and_is_not_compared(record: Path) -> None:
    publish(record, private(record, "first", MIDDLING), team="ours")
    slightly = {"Health": (6, 7, 8, 5, 6, 8), "Travel": (7, 8, 6, 7, 5, 9)}
    publish(record, private(record, "second", slightly), team="ours")
    assert compare(record) == 0
    found = rows(record)
    assert found["second"].unranked == (eligibility.REPEATED,)
    assert found["first"].macro == found["second"].macro
    assert "second" not in (record / "verdicts" / f"{'ab' * 32}.json").read_text()


def test_a_verdict_of_an_untrusted_key_is_refused(compared: Path) -> None:
    (compared / "trusted_keys").write_text(f"{'00' * 32} others\n")
    with pytest.raises(InputError, match="not signed by a key that this board trusts"):
        collect(compared / "results")


def test_a_changed_verdict_is_refused(compared: Path) -> None:
    (path,) = (compared / "verdicts").glob("*.json")
    path.write_text(path.read_text().replace('"low": 2', '"low": 1'))
    with pytest.raises(InputError, match="signs bundle"):
        collect(compared / "results")


def test_the_signature_of_a_bundle_is_none_of_a_verdict(compared: Path) -> None:
    """Else whatever was signed as a bundle's digest could be shown as a verdict."""
    (path,) = (compared / "verdicts").glob("*.json")
    key = signature.read_key(compared.parent / "key.pem")
    signature.sign(path, files.sha256(path), key)
    with pytest.raises(InputError, match="does not hold for key"):
        collect(compared / "results")


def test_a_ledger_that_was_cut_off_is_refused(compared: Path) -> None:
    path = compared / "ledger.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match="which the board's ledger lacks"):
        collect(compared / "results")


def test_a_row_whose_look_is_not_in_the_ledger_takes_no_rank(record: Path) -> None:
    publish(record, private(record, "good", GOOD), team="ours")
    (record / "ledger.jsonl").unlink()
    assert rows(record)["good"].unranked == (eligibility.NOT_IN_LEDGER,)


def test_a_bundle_is_not_filed_without_its_look(record: Path) -> None:
    out = record.parent / "public"
    publication.publish(bundle.read(private(record, "good", GOOD)), out, record.parent / "elsewhere.jsonl", "ours")
    with pytest.raises(CheckError, match=r"its look does not stand in ledger\.jsonl"):
        filing.add(_sign(out, record), record / "results", new_set=True)


def test_a_private_bundle_on_a_public_board_takes_no_rank(record: Path) -> None:
    _sign(write(record / "results", "leak", GOOD, set=HIDDEN), record)
    assert rows(record)["leak"].unranked == (eligibility.NOT_RELEASED,)


def test_a_released_score_that_differs_from_the_ledger_takes_no_rank(record: Path) -> None:
    root = publish(record, private(record, "good", GOOD), team="ours")
    path = root / "result.json"
    stored = json.loads(path.read_text())
    stored["released"]["value"] = 1.0
    path.write_text(json.dumps(stored))
    signature.path_of(root).unlink()
    from harness.contract import checksums

    checksums.seal(root)
    assert eligibility.NOT_IN_LEDGER in rows(record)["good"].unranked


def test_a_result_with_scores_and_a_released_score_is_refused() -> None:
    from harness.contract.result import Result
    from tests.leaderboard.bundles import result

    stored = decoding.to_json(result("failed"))
    stored["released"] = {"value": 0.7, "step": 0.1, "improved": True, "team": "ours"}
    with pytest.raises(InputError, match="a run that is failed"):
        decoding.convert(Result, stored, "a test")
