"""The human row: the page is blind, and what it saves is scored."""

import json
from pathlib import Path

import pytest

from dataset_builder.describe import sheet as asking_people
from harness import cli
from harness.contract import bundle
from harness.contract import shipped as shipping
from harness.errors import InputError
from tests.dataset_builder import shipped


def saved(path: Path, answers: dict[str, str], digest: str | None = None) -> Path:
    path.write_text(json.dumps({"format": 1, "set": digest or shipped.frozen().digest, "answers": answers}))
    return path


def true_answers(count: int) -> dict[str, str]:
    return {answer.pair_id: ("second", "first")[answer.label] for answer in shipped.frozen().truths[:count]}


def test_the_page_asks_each_pair_and_tells_neither_label_nor_article() -> None:
    page = asking_people.page(shipped.frozen(), per_category=2)
    sheet = json.loads(page.split('id="sheet">')[1].split("</script>")[0])
    answers = {answer.pair_id: answer for answer in shipped.frozen().truths}
    assert len(sheet["asked"]) == len(set(sheet["asked"])) == 20
    assert sheet["set"] == shipped.frozen().digest
    assert not any(answers[pair_id].article_id in page for pair_id in sheet["asked"])
    assert "in order" not in page
    assert "article_id" not in page


def test_right_answers_score_one_and_only_what_was_answered_counts(tmp_path: Path) -> None:
    answered = asking_people.read(saved(tmp_path / "a.json", true_answers(60)), shipped.frozen())
    row = asking_people.score(shipped.frozen(), None, answered, "anna", tmp_path / "results")
    assert row.answered == 60
    assert row.unordered == 0
    assert row.accuracy.micro.value == 1.0
    written = bundle.read(row.root)
    assert written.result.submission.name == "human-anna"
    assert written.result.submission.kind == "control"
    assert written.result.set.pairs == 400  # of the whole set, whose digest the row names
    assert sum(article.asked for article in written.articles) == 60


def test_no_true_order_counts_as_out_of_order_and_is_told(tmp_path: Path) -> None:
    """Ten right answers, and ten without an order, of which those with label 0 are right by the convention of ties."""
    answers = shipped.frozen().truths
    choices = true_answers(10) | {answer.pair_id: "none" for answer in answers[10:20]}
    answered = asking_people.read(saved(tmp_path / "a.json", choices), shipped.frozen())
    row = asking_people.score(shipped.frozen(), None, answered, "bo", tmp_path / "results")
    zeros = sum(answer.label == 0 for answer in answers[10:20])
    assert row.unordered == 0.5
    assert row.accuracy.micro.value == pytest.approx((10 + zeros) / 20)


def test_answers_of_another_set_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="answers of another set"):
        asking_people.read(saved(tmp_path / "a.json", true_answers(1), "0" * 64), shipped.frozen())


def test_an_unknown_pair_and_an_unknown_choice_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no pair nobody"):
        asking_people.read(saved(tmp_path / "a.json", {"nobody": "first"}), shipped.frozen())
    with pytest.raises(InputError, match="maybe"):
        asking_people.read(saved(tmp_path / "b.json", {"x": "maybe"}), shipped.frozen())


def test_an_empty_sheet_is_said_to_be_empty(tmp_path: Path) -> None:
    answered = asking_people.read(saved(tmp_path / "a.json", {}), shipped.frozen())
    with pytest.raises(InputError, match="holds no answers yet"):
        asking_people.score(shipped.frozen(), None, answered, "anna", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "x.html", "--answers", "a.json"], "name either --out"),
        (["--answers", "a.json", "--name", "Anna B"], "wanted small letters"),
        (["--answers", "missing.json", "--name", "anna"], "No such file"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main(["dataset", "sheet", str(shipped.ROOT), *arguments])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def test_the_commands_write_what_they_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["show", str(shipped.ROOT), "--out", str(tmp_path / "pairs")],
        ["sheet", str(shipped.ROOT), "--per-category", "1", "--out", str(tmp_path / "sheet.html")],
        ["pack", str(shipped.ROOT), "--out", str(tmp_path / "set.tar")],
        ["export", str(shipped.ROOT), "--out", str(tmp_path / "set.parquet")],
    ):
        with pytest.raises(SystemExit) as stop:
            cli.main(["dataset", *arguments])
        assert not stop.value.code, capsys.readouterr().err
    found = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"show.html", "show.png", "sheet.html", "set.tar", "set.parquet"}


def test_show_takes_a_whole_build_or_its_subset_alike(tmp_path: Path) -> None:
    for name, folder in (("whole", shipping.sample()), ("subset", shipping.sample() / "test")):
        with pytest.raises(SystemExit) as stop:
            cli.main(["dataset", "show", str(folder), "--out", str(tmp_path / name)])
        assert not stop.value.code
    assert (tmp_path / "whole/show.html").read_bytes() == (tmp_path / "subset/show.html").read_bytes()
