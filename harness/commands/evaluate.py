"""`wikiorder evaluate`: run a submission in a sandbox and score its answers."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import InputError
from harness.records import Modality

if TYPE_CHECKING:
    from harness.contract.bundle import Bundle
    from harness.run.dry_run import Estimate
    from harness.sandbox.base import Sandbox

SAMPLE = Path(__file__).parents[2] / "dataset_builder/wikiorder-sample/test"
SANDBOXES = ("auto", "docker", "process")


@click.command(epilog="Example: wikiorder evaluate submissions/coin --sandbox docker")
@click.argument("folder", type=click.Path(path_type=Path), metavar="SUBMISSION")
@click.option("--data", type=click.Path(path_type=Path), help="A frozen set. Default: the embedded sample's test set.")
@click.option(
    "--modality", "modalities", multiple=True, type=click.Choice([m.value for m in Modality]), help="Default: all."
)
@click.option("--sandbox", "kind", type=click.Choice(SANDBOXES), default="auto", show_default=True)
@click.option("--weights", type=click.Path(path_type=Path), help="A folder, seen read-only by the predictor.")
@click.option(
    "--results",
    type=click.Path(path_type=Path, readable=False),  # closed to a root without capabilities, till it takes its owner
    default=Path("results"),
    envvar="WIKIORDER_RESULTS",
    show_default=True,
    show_envvar=True,
)
@click.option("--seed", type=int, default=0, show_default=True, help="Sent to the predictor.")
@click.option("--batch-seconds", type=click.FloatRange(min=0, min_open=True), help="Time limit of one batch.")
@click.option(
    "--probes", type=click.IntRange(min=0), default=200, show_default=True, help="Pairs asked again, in variants."
)
@click.option("--key-file", type=click.Path(path_type=Path), help="The release key, for a hidden set.")
@click.option("--fresh", is_flag=True, help="Ask everything again, whatever an earlier run left.")
@click.option("--dry-run", is_flag=True, help="Ask three batches, say how long all would take, and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a modality instead of tables.")
def evaluate(
    folder: Path,
    data: Path | None,
    modalities: tuple[str, ...],
    kind: str,
    weights: Path | None,
    results: Path,
    seed: int,
    batch_seconds: float | None,
    probes: int,
    key_file: Path | None,
    fresh: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run SUBMISSION in a sandbox, one modality after the other, and score its answers.

    Writes a result bundle a modality. Killed, it goes on where it was when the same command is given again.
    """
    from harness.contract import frozen_set, release, submission
    from harness.contract.files import json_line
    from harness.run import dry_run as rehearsal
    from harness.run import pipeline
    from harness.run.session import Evaluation
    from harness.sandbox.base import Limits
    from harness.sandbox.process import ownership

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the sandbox is torn down, as for Ctrl-C
    subject = submission.load(folder)
    wanted = [Modality(m) for m in modalities] or list(subject.modalities)
    for modality in wanted:
        if modality not in subject.modalities:
            declared = ", ".join(subject.modalities)
            raise InputError(f"{folder}: does not declare modality {modality}; it declares {declared}")
    if weights and not weights.is_dir():
        raise InputError(f"{weights}: no such folder; --weights wants a folder, such as `wikiorder finetune` writes")
    sandbox = choose_sandbox(kind)
    if sandbox.name == "process":  # as root alone could an engine's socket be opened
        ownership.write_as_owner_of(results)
    frozen = frozen_set.load(test_set(data))
    canaries = release.secret(frozen, release.read_key(key_file) if key_file else None)
    limits = Limits(batch_s=batch_seconds) if batch_seconds else Limits()
    for line in sandbox.isolation(frozen.root).exposes:
        click.echo(f"{sandbox.name} sandbox does not protect: {line}", err=True)
    failed = False
    for modality in wanted:
        order = Evaluation(
            subject, frozen, modality, seed, weights.resolve() if weights else None, limits, probes, canaries
        )
        with Progress(f"{subject.name} {modality}") as progress:
            if dry_run:
                click.echo(_forecast(rehearsal.rehearse(order, sandbox, progress), f"{subject.title}, {modality}"))
                continue
            found = pipeline.evaluate(order, sandbox, results, progress, fresh)
        click.echo(json_line({"bundle": str(found.root), **found.result}).rstrip() if as_json else _report(found))
        failed |= found.result["status"] == "failed"
    if failed:
        sys.exit(1)


def test_set(data: Path | None) -> Path:
    if data is None:
        return SAMPLE
    return data / "test" if (data / "test").is_dir() else data


def choose_sandbox(kind: str) -> Sandbox:
    from harness.sandbox.base import EngineUnavailableError
    from harness.sandbox.container.sandbox import ContainerSandbox
    from harness.sandbox.process.sandbox import ProcessSandbox

    if kind == "process":
        return ProcessSandbox()
    try:
        return ContainerSandbox()
    except EngineUnavailableError:
        if kind == "docker":
            raise
        click.echo("No container engine answers. Going on with the process sandbox.", err=True)
        return ProcessSandbox()


def _forecast(estimate: Estimate, head: str) -> str:
    minutes, seconds = divmod(round(estimate.seconds), 60)
    return (
        f"{head}: about {minutes} min {seconds} s for {estimate.questions} questions "
        f"(start-up {estimate.startup_s:.1f} s, a batch {estimate.batch_s:.3f} s)"
    )


def _report(found: Bundle) -> str:
    """The table of one result, and where its bundle is."""
    result = found.result
    head = (
        f"{result['submission']['title']}, {result['modality']}, on {result['set']['name']} {result['set']['version']}"
    )
    if result["status"] == "failed":
        return f"\n{head}: FAILED\n{result['failure']['reason']}\n{found.root}"
    from tabulate import tabulate

    accuracy = result["scores"]["accuracy"]
    rows = [_row(name, c, c["pairs"], c["articles"]) for name, c in accuracy["categories"].items()]
    pairs, articles = accuracy["micro"]["pairs"], len(found.articles)
    rows += [_row("macro", accuracy["macro"], pairs, articles), _row("micro", accuracy["micro"], pairs, articles)]
    table = tabulate(
        rows, headers=["category", "pairs", "articles", "accuracy", "95 % interval"], disable_numparse=True
    )
    isolated = "isolated" if result["isolation"]["isolated"] else "NOT isolated: the board does not rank it"
    return f"\n{head} ({result['isolation']['sandbox']} sandbox, {isolated})\n\n{table}\n\n{found.root}"


def _row(name: str, cell: dict[str, Any], pairs: int, articles: int) -> list[str]:
    interval = "-" if cell["low"] is None else f"{cell['low']:.3f} to {cell['high']:.3f}"
    return [name, str(pairs), str(articles), f"{cell['value']:.3f}", interval]


class Progress:
    """One line with rate and ETA while a terminal watches; nothing otherwise."""

    def __init__(self, name: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(desc=name, unit=" pairs", disable=None, leave=False, dynamic_ncols=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, phase: str, done: int, total: int) -> None:
        if total and self._bar.total != total:
            self._bar.reset(total)
        self._bar.set_postfix_str(phase, refresh=False)
        self._bar.update(done - self._bar.n)
