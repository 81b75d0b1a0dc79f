"""A predictor that dies, hangs or answers nonsense: one clear line, a failed row, exit code 1, and nothing left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness import bundle
from harness.sandbox.base import Sandbox
from harness.testset import FrozenSet
from tests.hostile import arena

ROOT = Path(__file__).parents[2]

WORDS = {
    "dies": "ended without answering (the predictor ended with exit code 3)",
    "hangs": "gave no answer within 2 s. Ask for a smaller batch, or be faster. (the predictor still runs)",
    "nonsense": "the reply is not JSON: 'the steps are in order, I think'. Print nothing else to stdout.",
    "absent": "ended without answering (the predictor ended with exit code",
}


@pytest.mark.parametrize("attack", WORDS)
def test_it_ends_in_one_clear_line_a_failed_row_and_exit_code_1(
    attack: str, sandbox: Sandbox, frozen: FrozenSet, corpus: Path, tmp_path: Path
) -> None:
    manifest = corpus / "submission.toml"
    program = "no-such-program" if attack == "absent" else f"{attack}.py"
    manifest.write_text(manifest.read_text().split("command")[0] + f'command = ["python3", "{program}"]\n')
    wikiorder = [sys.executable, "-m", "harness", "evaluate", str(corpus), "--data", str(frozen.root)]
    options = ["--modality", "text", "--sandbox", sandbox.name, "--results", str(tmp_path), "--batch-seconds", "2"]
    run = subprocess.run([*wikiorder, *options], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1, run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    (reason,) = [line for line in run.stdout.splitlines() if WORDS[attack] in line]
    found = bundle.read(bundle.folder(tmp_path, "hostile", frozen, arena.TEXT))
    assert found.result["status"] == "failed"
    assert found.result["failure"] == {"fault": "submission", "reason": reason}
    assert found.result["scores"] is None
    assert arena.left_behind(sandbox) == []
