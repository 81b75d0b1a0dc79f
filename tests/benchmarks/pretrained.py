"""The open-weights baseline and the controls on real pictures, from the crawl to the table of docs/pretrained.md.

    python -m tests.benchmarks.pretrained --raw RAW --out FOLDER

Killed, the same command goes on where it was. Training and asking use one thread: on a busy machine, two
were slower by far.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MODALITIES = {"vision_text": "vision + text", "vision": "vision", "text": "text"}
ROWS = ("open_weights", "metadata", "headline_length", "title_only", "always_first", "coin")


def wikiorder(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "harness", *map(str, arguments)]
    if failed := subprocess.run(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False).returncode:
        sys.exit(failed)  # it has said why


def measure(raw: Path, out: Path, sandbox: str) -> Path:
    """Make everything that is not there yet; returns the folder of the set's results."""
    frozen, weights, run, results = (out / name for name in ("set", "weights", "run", "results"))
    if not frozen.exists():
        wikiorder("dataset", "build", "--spec", "open-howto", "--raw", raw, "--out", frozen)
    wikiorder("weights", "fetch", "open_weights", weights)
    baseline = ("finetune", "submissions/open_weights", "--data", frozen, "--preset", "open", "--weights", weights)
    wikiorder(*baseline, "--out", run, "--resume")
    for name in ROWS:
        own = ("--weights", run) if name == "open_weights" else ()
        asked = ("--data", frozen / "test", "--sandbox", sandbox, "--results", results)
        wikiorder("evaluate", f"submissions/{name}", *asked, *own)
    return results


def cell(path: Path) -> str:
    """Macro and micro accuracy in percent, with their intervals; empty where there is no result of the modality."""
    if not path.is_file():
        return ""
    accuracy: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["scores"]["accuracy"]
    return ", ".join(shown(accuracy[mean]) for mean in ("macro", "micro"))


def shown(mean: dict[str, Any]) -> str:
    value, low, high = (f"{100 * mean[key]:.1f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def table(results: Path) -> str:
    lines = [f"| submission | {' | '.join(MODALITIES.values())} |", "| --- | --- | --- | --- |"]
    for name in ROWS:
        found = sorted((results / name).glob("*"))
        cells = [cell(found[0] / modality / "result.json") if found else "" for modality in MODALITIES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sandbox", default="auto")
    options = parser.parse_args()
    print(table(measure(options.raw.resolve(), options.out.resolve(), options.sandbox)))
