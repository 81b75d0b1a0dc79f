"""A contributor's first commands: a folder that runs at once, and a rehearsal that says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main
from harness.contract import submission
from tests.sets import tiny_set


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["submission", *words])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("options", "program"), [([], "predict.py"), (["--plain"], "plain.py")])
def test_a_new_submission_passes_its_rehearsal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], program: str
) -> None:
    assert run("new", "mine", "--into", str(tmp_path), *options) == 0
    made = submission.load(tmp_path / "mine")
    assert made.name == "mine"
    assert made.command == ("python3", program)
    assert sorted(path.name for path in made.folder.iterdir()) == ["Dockerfile", program, "submission.toml"]
    frozen = tiny_set(tmp_path / "set", articles=12)
    words = ["check", str(made.folder), "--data", str(frozen.root), "--modality", "text", "--sandbox", "process"]
    assert run(*words) == 0
    shown = capsys.readouterr().out
    assert f"{made.folder}: ready for a pull request" in shown
    assert "list in training_data everything that the weights have seen" in shown
    assert list(tmp_path.rglob("result.json")) == [], "a rehearsal keeps nothing"


def test_plain_builds_on_python_alone(tmp_path: Path) -> None:
    run("new", "mine", "--into", str(tmp_path), "--plain")
    assert "=wikiorder-base\n" in (tmp_path / "mine/Dockerfile").read_text()
    assert '"name": "mine"' in (tmp_path / "mine/plain.py").read_text()


def test_a_broken_submission_is_not_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("new", "mine", "--into", str(tmp_path), "--plain")
    program = tmp_path / "mine/plain.py"
    program.write_text(program.read_text().replace("0.5", "1.5"))
    frozen = tiny_set(tmp_path / "set", articles=12)
    words = ["check", str(tmp_path / "mine"), "--data", str(frozen.root), "--modality", "text", "--sandbox", "process"]
    assert run(*words) == 1
    shown = capsys.readouterr().out
    assert "FAILED" in shown
    assert "1.5" in shown
    assert "ready for a pull request" not in shown


@pytest.mark.parametrize("name", ["../evil", "Mine", "", "a b", "x" * 41])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert run("new", name, "--into", str(tmp_path)) == 2
    assert "cannot name a submission; wanted a-z, 0-9" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    assert run("new", "mine", "--into", str(tmp_path)) == 2
    assert "it exists already" in capsys.readouterr().err
