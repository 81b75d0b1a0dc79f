"""The commands: the same bytes twice, drift named, one clear line for bad input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from harness.contract import bundle, signature
from leaderboard.markdown import BEGIN, END
from tests.leaderboard.bundles import MIDDLING, write

BOARD = ["LEADERBOARD.md", "index.html", "leaderboard.json"]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["leaderboard", *arguments])
    return int(ended.value.code or 0)


def build(results: Path) -> dict[str, bytes]:
    assert run("build", "--results", str(results)) == 0
    return {name: (results.parent / name).read_bytes() for name in BOARD}


def test_the_same_bundles_give_the_same_bytes(tmp_path: Path) -> None:
    for folder, names in (("one", ["clip", "blip"]), ("two", ["blip", "clip"])):
        for name in names:
            write(tmp_path / folder / "results", name, MIDDLING)
    assert build(tmp_path / "one/results") == build(tmp_path / "two/results")


def test_another_processors_arithmetic_gives_the_same_bytes(tmp_path: Path) -> None:
    """OpenBLAS sums in another order under another kernel or number of threads; nothing of it may show."""
    generator = np.random.default_rng(4)
    for number in range(12):
        right = {name: tuple(map(int, generator.binomial(10, 0.7, 40))) for name in ("Health", "Travel")}
        write(tmp_path / "results", f"model-{number}", right)
    written = []
    for number, machine in enumerate(({"OPENBLAS_CORETYPE": "Nehalem"}, {"OPENBLAS_NUM_THREADS": "1"}, {})):
        words = ["leaderboard", "build", "--results", tmp_path / "results", "--out", tmp_path / f"{number}"]
        subprocess.run([sys.executable, "-m", "harness", *words], env={**os.environ, **machine}, check=True)
        written.append({name: (tmp_path / f"{number}" / name).read_bytes() for name in BOARD})
    assert written[0] == written[1] == written[2]


def test_check_passes_what_build_wrote(tmp_path: Path) -> None:
    write(tmp_path / "results", "blip", MIDDLING)
    build(tmp_path / "results")
    assert run("check", "--results", str(tmp_path / "results")) == 0


def test_check_names_the_drifted_file_and_shows_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "results", "blip", MIDDLING)
    build(tmp_path / "results")
    write(tmp_path / "results", "clip", MIDDLING)
    assert run("check", "--results", str(tmp_path / "results")) == 1
    shown = capsys.readouterr()
    assert "LEADERBOARD.md, index.html, leaderboard.json not what the bundles" in shown.err
    assert "+| 1-2 | 1 | Clip |" in shown.out


def test_check_misses_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "results", "blip", MIDDLING)
    build(tmp_path / "results")
    (tmp_path / "index.html").unlink()
    assert run("check", "--results", str(tmp_path / "results")) == 1
    assert "index.html not what" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_the_users_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("build", "--results", str(tmp_path / "nowhere")) == 2
    assert capsys.readouterr().err.startswith(f"wikiorder: {tmp_path}/nowhere: no such folder")


def test_the_readme_above_the_board_shows_the_headline_tables(tmp_path: Path) -> None:
    """What stands outside the markers stays; and check sees drift there too."""
    root = write(tmp_path / "leaderboard/results", "blip", MIDDLING)
    key = signature.create_key(tmp_path / "key.pem")
    signature.sign(root, bundle.read(root).digest, key)
    (tmp_path / "leaderboard/trusted_keys").write_text(f"{signature.public_name(key)} ours\n")
    readme = tmp_path / "README.md"
    readme.write_text(f"# Ours\n\n{BEGIN}\nold\n{END}\n\nThe end.\n")
    build(tmp_path / "leaderboard/results")
    text = readme.read_text()
    assert text.startswith(f"# Ours\n\n{BEGIN}\n\n### tiny 1.0 test\n")
    assert text.endswith(f"{END}\n\nThe end.\n")
    assert "| 1 | 1 | Blip | 67.5 [" in text
    assert "By category" not in text
    readme.write_text(text.replace("67.5", "97.5"))
    assert run("check", "--results", str(tmp_path / "leaderboard/results")) == 1


def test_a_readme_without_markers_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "leaderboard/results", "blip", MIDDLING)
    (tmp_path / "leaderboard/trusted_keys").write_text("")
    (tmp_path / "README.md").write_text("# Ours\n")
    build(tmp_path / "leaderboard/results")
    assert (tmp_path / "README.md").read_text() == "# Ours\n"


def test_a_private_board_stays_out_of_the_readme(tmp_path: Path) -> None:
    write(tmp_path / "results/results", "blip", MIDDLING)
    (tmp_path / "README.md").write_text(f"{BEGIN}\ntheirs\n{END}\n")
    build(tmp_path / "results/results")
    assert (tmp_path / "README.md").read_text() == f"{BEGIN}\ntheirs\n{END}\n"


def test_the_committed_board_is_what_its_bundles_say() -> None:
    assert run("check", "--results", str(Path(__file__).parents[2] / "leaderboard/record/results")) == 0


def test_the_repositorys_record_has_its_board_beside_it_in_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without options, and as well when the record is named; keys are read in the record, and the README is above."""
    root = write(tmp_path / "leaderboard/record/results", "blip", MIDDLING)
    key = signature.create_key(tmp_path / "key.pem")
    signature.sign(root, bundle.read(root).digest, key)
    (tmp_path / "leaderboard/record/trusted_keys").write_text(f"{signature.public_name(key)} ours\n")
    (tmp_path / "README.md").write_text(f"{BEGIN}\nold\n{END}\n")
    monkeypatch.chdir(tmp_path)
    assert run("build") == 0
    assert sorted(path.name for path in (tmp_path / "leaderboard/site").iterdir()) == sorted(BOARD)
    assert "Signed by: ours." in (tmp_path / "README.md").read_text()
    assert run("check") == 0
    assert run("check", "--results", str(tmp_path / "leaderboard/record/results")) == 0


def test_a_board_written_elsewhere_leaves_the_readme_alone(tmp_path: Path) -> None:
    write(tmp_path / "leaderboard/record/results", "blip", MIDDLING)
    (tmp_path / "leaderboard/record/trusted_keys").write_text("")
    (tmp_path / "README.md").write_text(f"{BEGIN}\nold\n{END}\n")
    results = tmp_path / "leaderboard/record/results"
    assert run("build", "--results", str(results), "--out", str(tmp_path / "preview/board")) == 0
    assert (tmp_path / "preview/board/index.html").is_file()
    assert (tmp_path / "README.md").read_text() == f"{BEGIN}\nold\n{END}\n"
