"""A small grid of Table 2, run by the command itself, in a process of its own, so that it can be killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from submissions.shared.grid import store
from submissions.shared.grid.store import Cell, plan

ROOT = Path(__file__).parents[2]
FAMILY, HEALTH = "Family Life", "Health"
EPOCHS = 40  # few pairs make short epochs: so many give time to be killed in
WAIT_S = 300  # for a grid of ten seconds, on a machine with much else to do


class Grid:
    """A small grid, run by the command itself: CLIP, from text, on two categories."""

    def __init__(self, data: Path, out: Path) -> None:
        self.out = out
        self.cells = plan(("clip",), ("text",), (FAMILY, HEALTH), 1)
        options = {"--data": data, "--out": out, "--cache": out / "cache", "--preset": "sample", "--epochs": EPOCHS}
        chosen = [word for key, value in options.items() for word in (key, str(value))]
        self.command = [sys.executable, "-m", "harness", "reproduce", "table2", *chosen]
        self.command += ["--baseline", "clip", "--modality", "text"]

    def start(self, *options: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen([*self.command, *options], cwd=ROOT, stdout=pipe, stderr=pipe, text=True)

    def finish(self, *options: str) -> str:
        """Run it to its end; what it told the log."""
        with self.start(*options) as running:
            _, said = running.communicate(timeout=WAIT_S)
        assert running.returncode == 0, said
        return said

    def wait_until_begun(self, cell: Cell) -> int:
        """The process that trains a cell, once it has finished an epoch of it."""
        folder, deadline = self.out / cell.folder, time.monotonic() + WAIT_S
        while not (folder / "log").is_file() or not self.epochs(cell):
            assert time.monotonic() < deadline, f"{cell} was not begun"
            time.sleep(0.01)
        assert not (folder / store.CELL).exists()
        return int((folder / store.LOCK).read_text(encoding="utf-8").split()[1])

    def epochs(self, cell: Cell) -> list[int]:
        """The epochs that were told of, in order: each once it was durable."""
        log = (self.out / cell.folder / "log").read_text(encoding="utf-8")
        return [int(line.split()[2].split("/")[0]) for line in log.splitlines() if line.startswith("text: epoch")]

    def went_on(self, cell: Cell, kills: int) -> bool:
        """No epoch was trained twice; a kill may fall between the end of an epoch and the telling of it."""
        told = self.epochs(cell)
        return told[0] == 1 and told == sorted(set(told)) and len(told) >= EPOCHS - kills

    def tables(self) -> tuple[bytes, bytes]:
        return (self.out / "table2.json").read_bytes(), (self.out / "table2.md").read_bytes()
