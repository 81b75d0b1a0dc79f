"""`wikiorder leaderboard rerun`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.evaluate import SANDBOXES, evaluate, test_set
from leaderboard.commands.leaderboard import FOLDER, results_option


@click.command(epilog="Example: wikiorder leaderboard rerun --week 2026-W48")
@results_option
@click.option("--out", type=FOLDER, help="Write the report to this file as well.")
@click.option("--data", type=FOLDER, help="A frozen set. Default: the embedded sample's test set.")
@click.option("--submissions", type=FOLDER, default=Path("submissions"), show_default=True)
@click.option("--week", help="The week, which decides the row. Default: this week, such as 2026-W48.")
@click.option("--sandbox", "kind", type=click.Choice(SANDBOXES), default="docker", show_default=True)
@click.pass_context
def rerun(
    context: click.Context,
    results: Path,
    out: Path | None,
    data: Path | None,
    submissions: Path,
    week: str | None,
    kind: str,
) -> None:
    """Evaluate one filed row again, and report how far the two runs agree."""
    import tempfile
    from datetime import UTC, datetime

    from harness.contract import bundle, files, frozen_set
    from leaderboard import rerun as repetition

    frozen = frozen_set.load(test_set(data))
    found = repetition.choose(results, submissions, frozen.digest, week or f"{datetime.now(UTC):%G-W%V}")
    modality, name = found.result.modality, found.result.submission.name
    with tempfile.TemporaryDirectory(prefix="wikiorder-rerun-") as folder:
        again = {"data": frozen.root, "modalities": (modality.value,), "kind": kind, "seed": found.result.seed}
        context.invoke(evaluate, folder=submissions / name, results=Path(folder), weights=None, varied=0, **again)
        repeated = bundle.read(bundle.folder(Path(folder), name, frozen, modality))
        text = repetition.agreement(found, repeated)
    click.echo(f"\n{text}", nl=False)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        files.write(out, text.encode())
