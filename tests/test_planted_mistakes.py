"""Mistakes in the names of a result's fields are found by the type checker, not by a reader of the board.

Each mistake is planted in a copy of the packages; mypy must then report the file it was planted in.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("harness", "dataset_builder", "leaderboard", "submissions")

# file, text, the same with a mistake in it
MISTAKES = [
    ("harness/commands/evaluate.py", "result.scores.accuracy", "result.scores.acuracy"),
    ("harness/run/pipeline.py", "found.result.trust", "found.result.trsut"),
    ("harness/run/verification.py", "scores_of(found).accuracy", "scores_of(found).accuracies"),
    ("harness/contract/publication.py", "result.set.visibility", "result.set.visible"),
    ("harness/commands/rerun.py", "found.result.submission.digest", "found.result.submission.sha256"),
    ("harness/statistics/trust.py", "perturbation_drop=drop(", "perturbed_drop=drop("),
    ("harness/statistics/scoring.py", "value=rounded(macro)", "value=str(macro)"),
]


@pytest.mark.slow
def test_the_type_checker_finds_every_planted_mistake(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        left_out = shutil.ignore_patterns("*.safetensors", "results", "record", "site", "__pycache__", "weights")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=left_out)
    for name, text, mistake in MISTAKES:
        source = (tmp_path / name).read_text(encoding="utf-8")
        assert source.count(text) >= 1, f"{name} holds no {text!r} any more: plant another mistake"
        (tmp_path / name).write_text(source.replace(text, mistake, 1), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    reported = {line.split(":")[0] for line in done.stdout.splitlines() if ": error:" in line}
    assert {name for name, _, _ in MISTAKES} - reported == set(), done.stdout[-2000:]
