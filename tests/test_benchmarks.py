"""The measurements measure what they say: both sides come to the same, and a row tells its turns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.contract import checksums
from tests.benchmarks import measuring, record, startup, verifying
from tests.benchmarks.__main__ import BENCHMARKS, measure
from tests.benchmarks.measuring import FAST, LONG, Row, Side, Size, Timed, absent, at_least, at_most, compared


def taking(*seconds: float, result: object = None) -> Side:
    """A side whose turns take these seconds."""
    turns: Iterator[float] = iter(seconds)
    return lambda: Timed(next(turns), result)


def test_an_aim_at_most_asks_how_many_times_as_long_ours_takes() -> None:
    row = compared("ours", "theirs", taking(2, 3, 8), taking(1, 1, 1), aim=at_most(3), repeats=3, warm=False)
    assert (row.measured, row.unit, row.median) == ((2, 3, 8), LONG, 3)
    assert row.cells() == {
        "what": "ours",
        "against": "theirs",
        "measured": "3.00 x as long",
        "spread": "2.00 to 8.00",
        "aim": "<= 3",
        "met": "yes",
    }


def test_an_aim_at_least_asks_how_many_times_as_fast_ours_is() -> None:
    row = compared("ours", "loop", taking(1, 2), taking(100, 100), aim=at_least(90), repeats=2, warm=False)
    assert (row.measured, row.unit) == ((100, 50), FAST)
    assert row.cells()["met"] == "no"  # the median, 75


def test_the_first_turn_warms_up_and_a_part_is_scaled_to_the_whole() -> None:
    row = compared("ours", "a tenth", taking(99, 1), taking(1, 3), repeats=1, scale=10)
    assert row.measured == (pytest.approx(1 / 30),)
    assert row.seconds == (1, 30)


def test_each_turn_runs_both_and_every_other_turn_begins_with_the_other() -> None:
    ran: list[str] = []

    def side(name: str) -> Side:
        def turn() -> Timed:
            ran.append(name)
            return Timed(1, None)

        return turn

    list(measuring.in_turns(side("ours"), side("theirs"), 3))
    assert ran == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_sides_that_come_to_different_results_are_not_compared() -> None:
    with pytest.raises(AssertionError, match="sums: it and loop did not come to the same"):
        compared("sums", "loop", taking(1, result=4), taking(1, result=5), repeats=1, warm=False, agree=int.__eq__)


def test_rows_come_back_from_the_record_as_they_went_in() -> None:
    row = compared("a", "b", taking(1), taking(2), repeats=1, warm=False, aim=at_most(1), curve="c", size=7)
    rows: list[Row] = [row, absent("docker", "no engine answers")]
    machine, read = measuring.from_json(measuring.to_json(rows))
    assert read == rows
    assert machine == measuring.machine()


def test_what_could_not_be_measured_stands_in_the_table_with_its_reason() -> None:
    (line,) = [line for line in measuring.table([absent("a run", "no engine answers")]).splitlines() if "run" in line]
    assert "not here" in line
    assert "no engine answers" in line


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1234, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")]
)
def test_a_number_is_shown_with_three_digits(value: float, shown: str) -> None:
    assert measuring.number(value) == shown


def test_verify_and_sha256sum_name_the_same_altered_file(tmp_path: Path) -> None:
    root = verifying.folder(tmp_path / "set", 5)
    name = checksums.names(root)[3]
    content = bytearray((root / name).read_bytes())
    content[0] ^= 1
    (root / name).write_bytes(content)
    assert verifying.ours(root) == verifying.theirs(root, verifying.parts(root, tmp_path)) == {name}


SLOW = {"finetune", "full_size", "image", "paper_scale", "transport"}
MARKS = {name: [pytest.mark.slow] for name in SLOW} | {"image": [pytest.mark.slow, pytest.mark.docker]}


@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, [])) for name in BENCHMARKS])
def test_a_benchmark_runs_and_both_of_its_sides_come_to_the_same(name: str) -> None:
    rows, ended = measure(name, Size.TINY)
    assert ended, rows[-1].limit
    for row in rows:
        assert row.measured or row.limit, f"{row.what} was not measured, and does not say why"


def test_the_benchmarks_are_the_programs_with_rows() -> None:
    assert {"board", "paper_scale", "startup", "verifying"} <= set(BENCHMARKS)
    assert not {"__main__", "measuring", "record"} & set(BENCHMARKS)


def test_a_benchmark_that_fails_leaves_the_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(size: Size) -> Iterator[Row]:
        yield Row("first", "", (1.0,), "s")
        raise AssertionError("the second did not come to the same")

    monkeypatch.setattr(startup, "rows", rows)
    found, ended = measure("startup", Size.TINY)
    assert not ended
    assert [row.what for row in found] == ["first", "startup"]
    assert found[1].limit == "AssertionError: the second did not come to the same"


README = f"# Measurements\n\nBefore.\n\n{record.BEGIN}\nold\n{record.END}\n\nAfter.\n"


def kept(folder: Path, **found: list[Row]) -> str:
    """README.md after these benchmarks were recorded."""
    if not (folder / "README.md").exists():
        (folder / "README.md").write_text(README)
    record.keep(found, ("startup", "verifying"), folder)
    return (folder / "README.md").read_text()


def test_what_is_recorded_replaces_its_own_rows_alone(tmp_path: Path) -> None:
    kept(tmp_path, startup=[Row("help", "click", (2.0,), LONG)], verifying=[Row("verify", "sum", (1.5,), LONG)])
    text = kept(tmp_path, verifying=[Row("verify", "sum", (0.5, 0.7), LONG, at_most(1.1), "hashing")])
    assert "| help | click |  | 2.00 x as long |  |  |  |" in text
    assert "| verify | sum | <= 1.1 | 0.600 x as long | 0.500 to 0.700 | yes | hashing |" in text
    assert text.startswith("# Measurements\n\nBefore.\n")
    assert text.endswith("\n\nAfter.\n")
    assert "old" not in text
    assert "1.50 x" not in text


def test_the_figure_is_small_and_comes_out_the_same_twice(tmp_path: Path) -> None:
    rows = [
        Row(f"verify {n}", "sum", (1.0,), LONG, curve="dataset verify", size=n, seconds=(n, n / 2)) for n in (10, 100)
    ]
    kept(tmp_path, verifying=rows)
    first = (tmp_path / record.FIGURE).read_bytes()
    kept(tmp_path, verifying=rows)
    assert (tmp_path / record.FIGURE).read_bytes() == first
    assert len(first) < 200_000


def test_what_the_readme_says_is_what_was_recorded() -> None:
    assert record.section(record.read()) in (record.HERE / record.README).read_text()
