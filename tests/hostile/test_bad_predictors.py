"""A predictor that dies, hangs or answers nonsense: one clear line, a failed row, exit code 1, and nothing left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.contract import bundle
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import Failure
from harness.sandbox import lease
from harness.sandbox.base import Sandbox
from harness.sandbox.container.flags import OWNER_LABEL
from harness.sandbox.container.sandbox import ContainerSandbox
from harness.sandbox.lease import owner
from tests.hostile import arena

ROOT = Path(__file__).parents[2]

WORDS = {
    "dies": "ended without answering (the predictor ended with exit code 3)",
    "hangs": "gave no answer within 2 s. Ask for a smaller batch, or be faster. (the predictor still runs)",
    "nonsense": "the reply is not JSON: 'the steps are in order, I think'. Print nothing else to stdout.",
    "absent": "ended without answering (the predictor ended with exit code",
}


def command(
    corpus: Path, attack: str, frozen: FrozenSet, sandbox: Sandbox, results: Path, seconds: int = 2
) -> list[str]:
    """`wikiorder evaluate` of this program of the corpus."""
    manifest = corpus / "submission.toml"
    started = ["python3", "no-such-program"] if attack == "absent" else arena.command(corpus, attack)
    manifest.write_text(manifest.read_text().split("command")[0] + f"command = {json.dumps(started)}\n")
    wikiorder = [sys.executable, "-m", "harness", "evaluate", str(corpus), "--data", str(frozen.root)]
    options = ["--modality", "text", "--sandbox", sandbox.name, "--results", str(results)]
    return [*wikiorder, *options, "--batch-seconds", str(seconds)]


@pytest.mark.parametrize("attack", WORDS)
def test_it_ends_in_one_clear_line_a_failed_row_and_exit_code_1(
    attack: str, sandbox: Sandbox, frozen: FrozenSet, corpus: Path, tmp_path: Path
) -> None:
    words = command(corpus, attack, frozen, sandbox, tmp_path)
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1, run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    (reason,) = [line for line in run.stdout.splitlines() if WORDS[attack] in line]
    found = bundle.read(bundle.folder(tmp_path, "hostile", frozen, arena.TEXT))
    assert found.result.status == "failed"
    assert found.result.failure == Failure(fault="submission", reason=reason)
    assert found.result.scores is None
    assert arena.left_behind(sandbox) == []


def test_a_killed_harness_leaves_nothing_that_lasts(
    sandbox: Sandbox, frozen: FrozenSet, corpus: Path, tmp_path: Path
) -> None:
    """A process ends with its harness; a container and the folders go when the next harness starts."""
    words = command(corpus, "hangs", frozen, sandbox, tmp_path, seconds=600)
    environment = {**os.environ, "TMPDIR": tempfile.gettempdir()}
    harness = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    owned = {"label": f"{OWNER_LABEL}={owner(harness.pid)}"}
    journal = bundle.folder(tmp_path, "hostile", frozen, arena.TEXT).with_name("text.journal")
    wait_for(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 2)  # it has said hello
    started = [owner(process) for process in arena.below(harness.pid)]
    assert isinstance(sandbox, ContainerSandbox) or arena.still_running(harness.pid, None)
    harness.kill()
    harness.wait()
    if isinstance(sandbox, ContainerSandbox):
        assert len(sandbox._engine.containers.list(all=True, filters=owned)) == 1
        ContainerSandbox().close()
        assert sandbox._engine.containers.list(all=True, filters=owned) == []
    else:
        assert len(started) >= 3  # the harness, a supervisor, a predictor
        wait_for(lambda: not any(map(arena.runs, started)))
    lease.reap()
    assert arena.left_behind(sandbox) == []


def wait_for(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
