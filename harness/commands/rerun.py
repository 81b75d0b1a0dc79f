"""`wikiorder rerun`: ask a random part of a finished run again."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.evaluate import SANDBOXES, Progress, choose_sandbox, weights_folder
from harness.commands.submission_folder import SubmissionFolder
from harness.errors import CheckError, InputError


@click.command(epilog="Example: wikiorder rerun results/coin/wikiorder-sample-1-test/text submissions/coin --data SET")
@click.argument("root", type=click.Path(path_type=Path), metavar="BUNDLE")
@click.argument("folder", type=SubmissionFolder(), metavar="SUBMISSION")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The set that was asked.")
@click.option("--sample", type=click.IntRange(min=1), default=200, show_default=True, help="Pairs to ask again.")
@click.option("--sandbox", "kind", type=click.Choice(SANDBOXES), default="auto", show_default=True)
@click.option("--weights", type=click.Path(path_type=Path), help="The weights of the first run, if it had any.")
def rerun(root: Path, folder: Path, data: Path, sample: int, kind: str, weights: Path | None) -> None:
    """Ask a random sample of a finished run's pairs again, and report how many predictions come back.

    Refused without the stored predictions, or with another submission than the bundle's. Exit code 1 if a label
    differs.
    """
    from harness.contract import bundle, submission
    from harness.report import loading
    from harness.run import rerun as again
    from harness.run.session import Evaluation
    from harness.sandbox.base import Limits

    found = bundle.read(root)
    if found.result.status != "scored" or found.result.withheld:
        raise InputError(f"{root}: it holds no predictions to compare with; name a scored, whole bundle")
    subject = submission.load(folder)
    if subject.digest != found.result.submission.digest:
        raise InputError(f"{folder}: not the submission of {root} (digest {subject.digest[:12]}…)")
    modality = found.result.modality
    frozen, where = loading.load_set(data, found), weights_folder(weights)
    evaluation = Evaluation(subject, frozen, modality, found.result.seed, where, Limits(), varied=0)
    with Progress(f"{subject.name} {modality}") as watch:
        agreement = again.rerun(found, evaluation, choose_sandbox(kind), watch, sample)
    click.echo(
        f"{root}: {agreement.asked} pairs asked again: {agreement.same_label} with the same label, "
        f"{agreement.same_probability} with the same probability; largest difference {agreement.largest_difference:.2g}"
    )
    if agreement.same_label < agreement.asked:
        raise CheckError(f"{agreement.asked - agreement.same_label} predictions did not come back")
