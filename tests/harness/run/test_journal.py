"""The journal: a killed run loses at most the batch in flight, and a run that differs may not resume."""

from pathlib import Path

import msgspec
import pytest

from harness.contract.result import RunIdentity
from harness.errors import InputError, SubmissionError
from harness.records import Modality, Prediction, Variant
from harness.run.journal import AnsweredBatch, Journal, unused_journal

IDENTITY = RunIdentity(
    set="ab" * 32,
    submission="cd" * 32,
    image=None,
    weights=None,
    modality=Modality.TEXT,
    protocol=1,
    seed=7,
    probed=0,
    sandbox="process",
    harness="0.1.0",
)
BATCHES = [
    AnsweredBatch((Prediction(f"p{n}", n / 10), Prediction(f"q{n}", 1.0, Variant.SWAPPED)), 0.25) for n in range(3)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    with Journal(path, IDENTITY) as journal:
        journal.agree_on(2)
        for batch in BATCHES:
            journal.append(batch)
    return path


def test_what_was_appended_is_found_again_under_the_same_key(path: Path) -> None:
    with Journal(path, IDENTITY) as first:
        key = first.key
        assert first.batches == BATCHES
    with Journal(path, IDENTITY) as second:
        assert second.key == key


def test_two_runs_have_two_keys(tmp_path: Path) -> None:
    with Journal(tmp_path / "a", IDENTITY) as a, Journal(tmp_path / "b", IDENTITY) as b:
        assert a.key != b.key


def test_cut_at_any_byte_it_holds_a_prefix_of_what_was_written(path: Path) -> None:
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with Journal(path, IDENTITY) as journal:
            kept = len(journal.batches)
            assert journal.batches == BATCHES[:kept]
            assert kept == max(0, whole[:cut].count(b"\n") - 2)
            journal.agree_on(2)
            journal.append(BATCHES[0])
        with Journal(path, IDENTITY) as journal:
            assert len(journal.batches) == kept + 1


def test_a_run_that_differs_is_refused_by_the_name_of_what_differs(path: Path) -> None:
    with pytest.raises(InputError, match="whose seed is 7, now it is 8"):
        Journal(path, msgspec.structs.replace(IDENTITY, seed=8))


def test_a_predictor_that_wants_another_batch_now_is_at_fault(path: Path) -> None:
    with (
        Journal(path, IDENTITY) as journal,
        pytest.raises(SubmissionError, match="wants 3 pairs at once, and wanted 2"),
    ):
        journal.agree_on(3)


def test_two_evaluations_cannot_write_one_journal(path: Path) -> None:
    with Journal(path, IDENTITY), pytest.raises(InputError, match="another evaluation writes here"):
        Journal(path, IDENTITY)


def test_a_journal_that_is_written_now_is_not_discarded(path: Path, tmp_path: Path) -> None:
    with (
        Journal(path, IDENTITY),
        pytest.raises(InputError, match="another evaluation writes here"),
        unused_journal(path),
    ):
        path.unlink()
    with unused_journal(path), unused_journal(tmp_path / "none"):
        path.unlink()


def test_a_damaged_line_within_is_refused_and_not_skipped(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"{broken\n" + b"".join(lines[2:]))
    with pytest.raises(InputError, match="journal:2: not valid JSON"):
        Journal(path, IDENTITY)
