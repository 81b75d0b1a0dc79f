"""`wikiorder submission`: make a submission from the template, and check it before a pull request."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.evaluate import SANDBOXES, choose_sandbox, evaluate, test_set, weights_folder
from harness.commands.submission_folder import SubmissionFolder
from harness.contract import shipped
from harness.errors import InputError, SubmissionError
from harness.records import Modality

if TYPE_CHECKING:
    from harness.contract.submission import Submission

TEMPLATE = shipped.SUBMISSIONS / "template"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")  # as the manifest's schema has it
VARIED = 20  # pairs that the check asks again: enough to show that it can be done
FOLDER = click.Path(path_type=Path)


@click.group()
def submission() -> None:
    """Make a submission, and check it.

    \b
    wikiorder submission new mine
    wikiorder submission check submissions/mine
    """


@submission.command(epilog="Example: wikiorder submission new mine")
@click.argument("name")
@click.option("--into", type=FOLDER, default=Path("submissions"), show_default=True, help="Where the folder is made.")
@click.option(
    "--plain",
    is_flag=True,
    help="Begin from twenty lines that import nothing of WikiOrder, as a model for any language.",
)
def new(name: str, into: Path, plain: bool) -> None:
    """Make the folder of submission NAME from the template. It runs at once, and answers 0.5.

    Refused if the folder exists.
    """
    if not NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name a submission; wanted a-z, 0-9, _ and -, at most 40, such as my-model")
    target = into / name
    if target.exists():
        raise InputError(
            f"{target}: it exists already; choose another name, or continue with `wikiorder submission check`"
        )
    left_out = shutil.ignore_patterns("README.md", "__pycache__", "predict.py" if plain else "plain.py")
    shutil.copytree(TEMPLATE, target, ignore=left_out)
    for path in (path for path in target.iterdir() if path.is_file()):
        text = path.read_text(encoding="utf-8").replace('"template"', f'"{name}"').replace('"My model"', f'"{name}"')
        path.write_text(_plain(text) if plain else text, encoding="utf-8")
    program = target / ("plain.py" if plain else "predict.py")
    click.echo(f"{target}: now write the model into {program.name}, describe it in submission.toml, and check it:")
    click.echo(f"wikiorder submission check {target}")


def _plain(text: str) -> str:
    return text.replace('"predict.py"', '"plain.py"').replace("=wikiorder-runtime", "=wikiorder-base")


@submission.command(epilog="Example: wikiorder submission check submissions/mine")
@click.argument("folder", type=SubmissionFolder(), metavar="SUBMISSION")
@click.option("--data", type=FOLDER, help="A frozen set. Default: the embedded sample's test set.")
@click.option("--modality", "modalities", multiple=True, type=click.Choice([m.value for m in Modality]))
@click.option("--sandbox", "kind", type=click.Choice(SANDBOXES), default="auto", show_default=True)
@click.option("--weights", type=FOLDER, help="A folder, seen read-only by the predictor.")
@click.pass_context
def check(
    context: click.Context,
    folder: Path,
    data: Path | None,
    modalities: tuple[str, ...],
    kind: str,
    weights: Path | None,
) -> None:
    """Try each requirement of the protocol on SUBMISSION, then evaluate it on the sample, as in a real run.

    Nothing is kept. Weights that are no folder are refused. Exit code 1: it would be a failed row on the board.
    """
    from harness.contract import submission as folders

    subject = folders.load(folder)
    where = weights_folder(weights)
    _try_requirements(
        subject, data, [Modality(m) for m in modalities] or list(subject.manifest.modalities), kind, where
    )
    with tempfile.TemporaryDirectory(prefix="wikiorder-check-") as results:
        context.invoke(
            evaluate,
            folder=folder,
            data=data,
            modalities=modalities,
            kind=kind,
            weights=where,
            results=Path(results),
            varied=VARIED,
        )
    click.echo(f"\n{folder}: ready for a pull request")
    for gap in _unsaid(subject):
        click.echo(f"  {gap}")


def _try_requirements(
    subject: Submission, data: Path | None, modalities: Sequence[Modality], kind: str, weights: Path | None
) -> None:
    """Print each requirement in each modality: met, or not met and why."""
    from harness.contract import frozen_set
    from harness.run import conformance
    from harness.run.session import Evaluation
    from harness.sandbox.base import Limits

    frozen, sandbox = frozen_set.load(test_set(data)), choose_sandbox(kind)
    try:
        image = sandbox.prepare(subject)
    except SubmissionError:  # the evaluation that follows reports it
        return
    for modality in modalities:
        click.echo(f"\n{subject.name} {modality}:")
        evaluation = Evaluation(subject, frozen, modality, 0, weights, Limits(), varied=0)
        with tempfile.TemporaryDirectory(prefix="wikiorder-check-") as folder:
            for requirement in conformance.check(evaluation, sandbox, image, Path(folder) / "stderr.log"):
                verdict = "met    " if requirement.met else "NOT MET" if requirement.must else "not met"
                reason = "" if requirement.met else f": {requirement.reason}"
                click.echo(f"  {verdict}  {requirement.name}{reason}")


def _unsaid(subject: Submission) -> list[str]:
    """Return one line for each optional field of the manifest that is missing."""
    wanted = {
        "training_data": "list in training_data everything that the weights have seen, pretraining included",
        "parameters": "state the number of parameters: the board plots accuracy against it",
        "paper": "name a paper or page in paper, if there is one",
    }
    return [words for name, words in wanted.items() if not getattr(subject.manifest, name)]
