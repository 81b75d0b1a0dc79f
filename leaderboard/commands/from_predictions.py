"""`wikiorder leaderboard from-predictions`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.submission_folder import SubmissionFolder
from harness.records import Modality
from leaderboard.commands.leaderboard import FOLDER, key_option, read_canaries


@click.command(
    "from-predictions",
    epilog="Example: wikiorder leaderboard from-predictions answers.jsonl submissions/mine --data SET --modality text",
)
@click.argument("predictions", type=FOLDER, metavar="JSONL")
@click.argument("submission", type=SubmissionFolder())
@click.option("--data", required=True, type=FOLDER, help="The frozen set that was asked.")
@click.option("--modality", required=True, type=click.Choice([m.value for m in Modality]))
@click.option("--results", type=FOLDER, default=Path("results"), show_default=True)
@key_option
def from_predictions(
    predictions: Path, submission: Path, data: Path, modality: str, results: Path, key_file: Path | None
) -> None:
    """Make a bundle of predictions alone. It is scored and shown, and takes no rank.

    JSONL holds one {"pair_id", "p_in_order"} per line. SUBMISSION is a folder with the submission.toml of the model.
    """
    from harness.contract import frozen_set
    from harness.contract import submission as folders
    from leaderboard import rescoring

    frozen = frozen_set.load(data)
    found = rescoring.read_predictions(predictions, frozen)
    canaries = read_canaries(frozen, key_file)
    subject = folders.load(submission)
    click.echo(rescoring.write_predictions(results, subject, frozen, canaries, Modality(modality), found))
