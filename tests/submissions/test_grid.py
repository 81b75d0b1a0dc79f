"""The grid of Table 2: its plan, its table by hand, and real runs of it that are killed."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import wikiorder
from harness.errors import InputError
from harness.published import table2 as published_table
from submissions.shared.grid import store, table
from submissions.shared.grid.engines import lacking
from submissions.shared.grid.store import ArticleTally, Cell, GridIdentity, Outcome, SettingValue, plan
from tests.sets import tiny_set
from tests.submissions.grids import EPOCHS, FAMILY, HEALTH, WAIT_S, Grid


def outcome(cell: Cell, *counts: tuple[int, int]) -> Outcome:
    articles = tuple(ArticleTally(f"article-{number}", *count) for number, count in enumerate(counts))
    return Outcome(cell=cell, articles=articles, best_epoch=1, validation_accuracy=0.5)


def identity(preset: str = "paper", **settings: SettingValue) -> GridIdentity:
    sets = dict.fromkeys(("train", "validation", "test"), 64 * "0")
    return GridIdentity(sets=sets, preset=preset, settings=settings, start="from scratch", harness="1.0")


def table2(*arguments: str | Path) -> Result:
    return CliRunner().invoke(wikiorder, ["reproduce", "table2", *map(str, arguments)])


def test_the_paper_has_ninety_cells_and_three_seeds_repeat_them() -> None:
    ten = [f"category {number}" for number in range(10)]
    once, thrice = (plan(("clip", "vit_roberta", "blip"), ("vision+text", "vision", "text"), ten, n) for n in (1, 3))
    assert (len(once), len(thrice)) == (90, 270)
    assert thrice[:90] == once  # a whole table is there before the second seed begins
    assert len({cell.folder for cell in thrice}) == 270


def test_an_entry_is_the_mean_over_seeds_beside_the_published_number() -> None:
    cells = plan(("blip",), ("text",), (FAMILY,), 2)
    entries = table.compare(
        cells, {cells[0]: outcome(cells[0], (3, 4), (1, 4)), cells[1]: outcome(cells[1], (4, 4), (2, 4))}
    )
    category, macro, micro = entries
    published = published_table.read()[0]["FL", "BLIP", "T"]
    assert (category.category, category.value, category.by_seed) == (FAMILY, 0.625, (0.5, 0.75))  # 10 of 16 pairs
    assert category.published == published
    assert category.difference == pytest.approx(0.625 - published)
    assert (category.low, category.high) == (None, None)  # two articles tell nothing of how articles differ
    assert macro.value == micro.value == 0.625


def test_more_seeds_are_not_more_articles() -> None:
    counts = [(4, 10), (5, 10), (6, 10), (7, 10), (8, 10), (9, 10)]
    cells = plan(("blip",), ("text",), (FAMILY,), 3)
    once, thrice = (table.compare(c, {cell: outcome(cell, *counts) for cell in c}) for c in (cells[:1], cells))
    assert once[0].low is not None
    assert (thrice[0].low, thrice[0].high) == pytest.approx((once[0].low, once[0].high), abs=0.01)


def test_the_spread_over_seeds_is_told() -> None:
    cells = plan(("blip",), ("text",), (FAMILY,), 2)
    entries = table.compare(cells, {cells[0]: outcome(cells[0], (2, 4)), cells[1]: outcome(cells[1], (3, 4))})
    assert "standard deviation of 17.7 points" in table.render(entries, "", "simple")  # 0.5 and 0.75: 0.25 / sqrt 2


def test_averages_stand_beside_the_published_average_of_the_same_categories() -> None:
    cells = plan(("clip",), ("vision",), (FAMILY, HEALTH), 1)
    entries = table.compare(
        cells, {cells[0]: outcome(cells[0], (1, 2), (2, 2)), cells[1]: outcome(cells[1], (1, 8), (3, 8))}
    )
    found = {entry.category: entry for entry in entries}
    accuracy, pairs = published_table.read()
    family, health = (accuracy[code, "CLIP", "V"] for code in (published_table.codes()[c] for c in (FAMILY, HEALTH)))
    assert found["macro"].value == 0.5  # (0.75 + 0.25) / 2
    assert found["micro"].value == 0.35  # 7 of 20
    assert found["macro"].published == pytest.approx((family + health) / 2)
    weights = [pairs[published_table.codes()[c]] for c in (FAMILY, HEALTH)]
    wanted = (family * weights[0] + health * weights[1]) / sum(weights)
    assert found["micro"].published == pytest.approx(wanted)


def test_the_table_does_not_depend_on_the_order_in_which_cells_finish() -> None:
    cells = plan(("clip", "blip"), ("vision", "text"), (FAMILY, HEALTH), 2)
    counts = [(number % 5, 5) for number in range(8)]
    ahead = {cell: outcome(cell, *counts[index % 3 :], (1, 5)) for index, cell in enumerate(cells)}
    back = dict(reversed(ahead.items()))
    for style in ("simple", "github"):
        assert table.render(table.compare(cells, ahead), "", style) == table.render(
            table.compare(cells, back), "", style
        )


def test_what_is_not_finished_is_named_and_left_blank() -> None:
    cells = plan(("clip",), ("vision", "text"), (FAMILY, HEALTH), 1)
    done = {cell: outcome(cell, (3, 4)) for cell in cells if (cell.modality, cell.category) != ("text", HEALTH)}
    entries = table.compare(cells, done)
    assert table.to_table(entries, cells, done, identity()).missing == ("clip text, Health, seed 0",)
    health = next(line for line in table.render(entries, "", "simple").splitlines() if line.startswith("Health"))
    assert health.split()[-3:] == ["-", "-", "-"]


def test_a_set_of_other_categories_has_no_published_numbers() -> None:
    cells = plan(("clip",), ("text",), ("Alpha",), 1)
    entries = table.compare(cells, {cells[0]: outcome(cells[0], (3, 4))})
    assert [(entry.value, entry.published, entry.difference) for entry in entries] == [(0.75, None, None)] * 3


def test_an_outcome_comes_back_from_its_file_as_it_went_in(tmp_path: Path) -> None:
    cell = Cell(baseline="blip", modality="vision+text", category="Family Life", seed=2)
    assert store.read(tmp_path, cell) is None
    store.write(tmp_path, outcome(cell, (1, 2), (2, 2)))
    assert store.finished(tmp_path, [cell]) == {cell: outcome(cell, (1, 2), (2, 2))}
    (tmp_path / cell.folder / "cell.json").write_text('{"cell": {}}', encoding="utf-8")
    with pytest.raises(InputError, match=r"cell.json: no record of a finished cell .* delete it to run the cell again"):
        store.read(tmp_path, cell)


def test_a_grid_of_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    store.agree(tmp_path, identity())
    store.agree(tmp_path, identity())
    with pytest.raises(InputError, match=r"holds a grid whose preset is 'paper', now it is 'sample'\. Choose"):
        store.agree(tmp_path, identity("sample"))


def test_of_settings_that_differ_the_one_is_named(tmp_path: Path) -> None:
    store.agree(tmp_path, identity(batch=4, epochs=5))
    with pytest.raises(InputError, match=r"holds a grid whose epochs is 5, now it is 6\. Choose"):
        store.agree(tmp_path, identity(batch=4, epochs=6))
    with pytest.raises(InputError, match=r"holds a grid whose turn is None, now it is True\. Choose"):
        store.agree(tmp_path, identity(batch=4, epochs=5, turn=True))


def test_two_runs_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with (
        store.alone(tmp_path, wait=False),
        pytest.raises(InputError, match=f"process {os.getpid()} on .* works there now"),
        store.alone(tmp_path, wait=False),
    ):
        pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "the paper's preset starts from the published checkpoints: name their folder by --weights"),
        (
            ["--weights", "nowhere"],
            "nowhere/clip: no such folder; `wikiorder weights fetch clip nowhere/clip` makes it",
        ),
        (
            ["--preset", "sample", "--category", "Gamma"],
            "no pair of category 'Gamma'; it holds Arts and Entertainment,",
        ),
        (["--preset", "sample", "--data", "nowhere"], "nowhere/train"),
    ],
)
def test_a_mistake_is_told_in_one_line(options: list[str], message: str, tmp_path: Path) -> None:
    result = table2("--out", tmp_path / "out", *options)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert getattr(result.exception, "exit_code", None) == 2
    assert not (tmp_path / "out").exists()


def test_a_cluster_without_room_for_a_cell_is_told_of() -> None:
    nodes = [
        {"Alive": True, "Resources": {"CPU": 4.0}},
        {"Alive": True, "Resources": {"CPU": 1.0, "GPU": 1.0}},
        {"Alive": False, "Resources": {"CPU": 8.0, "GPU": 8.0}},
    ]
    assert lacking(nodes, {"CPU": 4, "GPU": 0}) is None
    assert lacking(nodes, {"CPU": 1, "GPU": 0.25}) is None
    assert "No machine of the cluster has the 4 CPU and 0.5 GPU" in str(lacking(nodes, {"CPU": 4, "GPU": 0.5}))


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").split()[2] == "Z"


@pytest.mark.slow
def test_a_finished_grid_has_a_table_and_is_not_run_again(undisturbed: Grid) -> None:
    page = json.loads(undisturbed.tables()[0])
    assert page["missing"] == []
    assert [entry["category"] for entry in page["entries"]] == [FAMILY, HEALTH, "macro", "micro"]
    assert all(entry["low"] <= entry["value"] <= entry["high"] for entry in page["entries"])
    assert [undisturbed.epochs(cell) for cell in undisturbed.cells] == [[*range(1, EPOCHS + 1)]] * 2
    assert undisturbed.finish() == ""  # no cell is left to tell of
    assert json.loads(undisturbed.tables()[0]) == page


@pytest.mark.slow
def test_what_a_cell_answered_is_verified_against_its_part_of_the_set(
    undisturbed: Grid, two_categories: Path, tmp_path: Path
) -> None:
    bundles = [next((undisturbed.out / cell.folder).rglob("result.json")).parent for cell in undisturbed.cells]
    told = CliRunner().invoke(wikiorder, ["verify", *map(str, bundles), "--data", str(two_categories / "test")])
    assert told.output.count("whole; every number follows") == 2, told.output
    other = tiny_set(tmp_path, articles=12, categories=(FAMILY, HEALTH))
    told = CliRunner().invoke(wikiorder, ["verify", str(bundles[0]), "--data", str(other.root)])
    assert "answers tiny-family-life 1.0 test" in str(told.exception)


@pytest.mark.slow
def test_cells_that_fail_are_named_with_their_reason_and_do_not_stop_the_others(
    undisturbed: Grid, two_categories: Path, tmp_path: Path
) -> None:
    grid = Grid(two_categories, tmp_path / "out")
    failing, other = grid.cells
    (grid.out / failing.folder).mkdir(parents=True)
    (grid.out / failing.folder / "weights").write_text("in the way", encoding="utf-8")
    with grid.start() as running:
        out, said = running.communicate(timeout=WAIT_S)
    assert running.returncode == 1
    assert f"failed: {failing}: " in said
    assert "Not a directory" in said
    assert "1 of 2 cells are finished" in out
    assert store.read(grid.out, other) == store.read(undisturbed.out, other)


@pytest.mark.slow
def test_killed_in_its_worker_and_as_a_whole_it_ends_in_the_same_table(
    undisturbed: Grid, two_categories: Path, tmp_path: Path
) -> None:
    grid = Grid(two_categories, tmp_path / "out")
    with grid.start() as running:
        first, second = grid.cells
        os.kill(grid.wait_until_begun(first), signal.SIGKILL)
        worker = grid.wait_until_begun(second)
        running.kill()
        running.communicate(timeout=WAIT_S)
    deadline = time.monotonic() + WAIT_S
    while not is_gone(worker):
        assert time.monotonic() < deadline, "a worker outlived its grid"
        time.sleep(0.01)
    assert store.read(grid.out, first)
    assert not store.read(grid.out, second)
    said = grid.finish()
    assert "2/2 " in said
    assert "1/2 " not in said  # the finished cell was not run again
    assert all(grid.went_on(cell, kills=1) for cell in grid.cells)
    assert grid.tables() == undisturbed.tables()
