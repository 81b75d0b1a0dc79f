"""`wikiorder evaluate`: run a submission in a sandbox and score its answers."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.endpoint_options import EndpointOptions, endpoint_options
from harness.commands.submission_folder import SubmissionFolder
from harness.errors import InputError
from harness.records import Modality

if TYPE_CHECKING:
    from harness.contract.bundle import Bundle
    from harness.contract.frozen_set import FrozenSet
    from harness.contract.result import Accuracy, Result
    from harness.contract.submission import Submission
    from harness.run.dry_run import DryRun
    from harness.sandbox.base import Limits, Sandbox
    from harness.served.sandbox import EndpointSandbox
    from harness.statistics.verdict import Evidence

SANDBOXES = ("auto", "docker", "process")


@click.command(
    epilog="Examples: wikiorder evaluate submissions/coin --sandbox docker; "
    "wikiorder evaluate --endpoint http://127.0.0.1:8000/v1 --model NAME --modality text"
)
@click.argument("folder", type=SubmissionFolder(), metavar="[SUBMISSION]", required=False)
@click.option("--data", type=click.Path(path_type=Path), help="A frozen set. Default: the embedded sample's test set.")
@click.option(
    "--modality", "modalities", multiple=True, type=click.Choice([m.value for m in Modality]), help="Default: all."
)
@click.option("--sandbox", "kind", type=click.Choice(SANDBOXES), default="auto", show_default=True)
@click.option(
    "--runtime", metavar="NAME", help="Runtime of the containers, such as runsc (gVisor). Default: the engine's."
)
@click.option(
    "--forget/--no-forget",
    default=True,
    envvar="WIKIORDER_FORGET",
    help="Before each start, drop the page cache of files that the predictor can read (on by default).",
)
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
@click.option(
    "--memory",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GIB",
    help="The most memory that SUBMISSION may ask for. Default: 16.",
)
@click.option("--batch-seconds", type=click.FloatRange(min=0, min_open=True), help="Time limit of one batch.")
@click.option(
    "--variants",
    "varied",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Pairs asked again, in variants.",
)
@click.option("--key-file", type=click.Path(path_type=Path), help="The release key, for a hidden set.")
@click.option("--fresh", is_flag=True, help="Ask everything again; discard the journal of an earlier run.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    metavar="BUNDLE",
    help="Ask in the order of the run that wrote this bundle, from its run key.",
)
@click.option(
    "--dry-run", is_flag=True, help="Ask three batches, estimate the time of a whole evaluation, and keep nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per modality instead of tables.")
@endpoint_options
def evaluate(
    folder: Path | None,
    data: Path | None,
    modalities: tuple[str, ...],
    kind: str,
    runtime: str | None,
    forget: bool,
    weights: Path | None,
    results: Path,
    seed: int,
    memory: float | None,
    batch_seconds: float | None,
    varied: int,
    key_file: Path | None,
    fresh: bool,
    replay: Path | None,
    dry_run: bool,
    as_json: bool,
    served: EndpointOptions,
) -> None:
    """Run SUBMISSION in a sandbox, one modality after the other, and score its predictions.

    With `--endpoint`, or if the manifest has an `[endpoint]`, no program runs: the harness asks a server itself.
    Writes one result bundle per modality. After a kill, the same command resumes from the journal. A modality that the
    submission does not declare, or weights that are no folder, are refused.
    """
    from harness.contract import frozen_set, release
    from harness.run import pipeline
    from harness.run.dry_run import dry_run as estimate
    from harness.run.session import Evaluation

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the sandbox is torn down, as for Ctrl-C
    subject, settings = served.subject(folder)
    wanted, where = _declared(subject, modalities), weights_folder(weights)
    endpoint: EndpointSandbox | None = None
    if settings is None:
        sandbox, frozen = _confined(kind, forget, runtime, results), frozen_set.load(test_set(data))  # in this order
    else:
        frozen = frozen_set.load(test_set(data))
        sandbox = endpoint = served.sandbox(settings, frozen, dry_run)
    canaries = release.secret(frozen, release.read_key(key_file) if key_file else None)
    limits, key = _limits(memory, batch_seconds, None if endpoint else subject), _run_key(replay) if replay else None
    _tell_exposed(sandbox, frozen)
    scored: list[Bundle] = []
    for modality in wanted:
        evaluation = Evaluation(subject, frozen, modality, seed, where, limits, varied, canaries)
        with Progress(f"{subject.name} {modality}", endpoint.spent if endpoint else None) as progress:
            if dry_run:
                cost = estimate(evaluation, sandbox, progress, batches=1 if endpoint else 3)
                click.echo(_forecast(cost, f"{subject.title}, {modality}", endpoint))
                continue
            scored.append(pipeline.evaluate(evaluation, sandbox, results, progress, fresh, key))
            if endpoint:
                endpoint.forget()
        if as_json:
            click.echo(_as_json(scored[-1]))
    if scored and not as_json:
        click.echo(_report(scored, subject.manifest.modalities))
    if any(found.result.status == "failed" for found in scored):
        sys.exit(1)


def _confined(kind: str, forget: bool, runtime: str | None, results: Path) -> Sandbox:
    """Return the sandbox of a program, chosen before root is given up, which an engine's socket may need.

    From here on, files are made as the owner of `results`.
    """
    from harness.sandbox.process import ownership

    sandbox = choose_sandbox(kind, forget, runtime)
    if sandbox.name == "process":
        ownership.write_as_owner_of(results)
    return sandbox


def _tell_exposed(sandbox: Sandbox, frozen: FrozenSet) -> None:
    for line in sandbox.isolation(frozen.root).exposes:
        click.echo(f"{sandbox.name} sandbox does not protect: {line}", err=True)


def _as_json(found: Bundle) -> str:
    from harness.contract.decoding import json_line, to_json

    return json_line({"bundle": str(found.root), **to_json(found.result)}).rstrip()


def _run_key(bundle_folder: Path) -> bytes:
    from harness.contract import bundle

    key = bundle.read(bundle_folder).run_key
    if key is None:
        raise InputError(
            f"{bundle_folder}: holds no run key, so its order cannot be repeated; evaluate without --replay"
        )
    return key


def _limits(memory: float | None, batch_seconds: float | None, subject: Submission | None) -> Limits:
    """Return the limits of a submission's program; without one, those of requests, which have time limits of their own.

    Raises:
        InputError: the submission asks for more memory; told here, before an image is built.
    """
    from harness.sandbox.base import Limits

    limits = Limits() if memory is None else Limits(memory_gib=memory)
    if subject is None:
        return replace(limits, batch_s=limits.total_s, startup_s=limits.total_s)
    limits.memory_bytes(subject)
    return replace(limits, batch_s=batch_seconds) if batch_seconds else limits


def _declared(subject: Submission, modalities: Sequence[str]) -> list[Modality]:
    """Return the modalities asked for, or all that the submission declares.

    Raises:
        InputError: it does not declare one that was asked for.
    """
    for modality in modalities:
        if modality not in subject.manifest.modalities:
            declared = ", ".join(subject.manifest.modalities)
            raise InputError(f"{subject.folder}: does not declare modality {modality}; it declares {declared}")
    return [Modality(m) for m in modalities] or list(subject.manifest.modalities)


def test_set(data: Path | None) -> Path:
    """Return the folder of the test set: of a build, its subset `test`; by default, of the embedded sample."""
    from harness.contract import shipped

    data = data or shipped.sample()
    return data / "test" if (data / "test").is_dir() else data


def weights_folder(named: Path | None) -> Path | None:
    """Return the folder of weights as a sandbox mounts it.

    Raises:
        InputError: there is no such folder.
    """
    if named and not named.is_dir():
        raise InputError(f"{named}: no such folder; --weights wants a folder, such as `wikiorder finetune` writes")
    return named.resolve() if named else None


def choose_sandbox(kind: str, forget: bool = False, runtime: str | None = None) -> Sandbox:
    """Return the sandbox of this kind; `auto` takes the container engine if one answers.

    Args:
        forget: drop the page cache of the files that a predictor can read before each start.
        runtime: the runtime of the containers, such as "runsc"; only for a container engine.

    Raises:
        EngineUnavailableError: no engine answers, and `kind` or `runtime` needs one.
        HarnessError: the process sandbox does not work here.
        InputError: a runtime for a sandbox without containers.
    """
    from harness.sandbox.base import EngineUnavailableError
    from harness.sandbox.container.sandbox import ContainerSandbox
    from harness.sandbox.process.sandbox import ProcessSandbox

    if kind == "process":
        if runtime:
            raise InputError(f"--sandbox process starts no container, so --runtime {runtime} has no use; leave one out")
        return ProcessSandbox(forget=forget)
    try:
        return ContainerSandbox(runtime=runtime, forget=forget)
    except EngineUnavailableError:
        if kind == "docker" or runtime:
            raise
        click.echo("No container engine answers, so the process sandbox is used.", err=True)
        return ProcessSandbox(forget=forget)


def _forecast(cost: DryRun, head: str, endpoint: EndpointSandbox | None) -> str:
    if endpoint:
        return endpoint.forecast(cost.questions, head)
    minutes, seconds = divmod(round(cost.seconds), 60)
    return (
        f"{head}: about {minutes} min {seconds} s for {cost.questions} questions "
        f"(start-up {cost.startup_s:.1f} s, {cost.batch_s:.3f} s per batch)"
    )


def _report(found: Sequence[Bundle], declared: Sequence[Modality]) -> str:
    """Return the verdict, a table with one line per modality, and the paths of the bundles."""
    first = found[0].result
    isolated = "isolated" if first.isolation.isolated else "NOT isolated: the board does not rank it"
    head = f"{first.submission.title} on {first.set.name} {first.set.version}"
    parts = [f"\n{head} ({first.isolation.sandbox} sandbox, {isolated})"]
    scored = {one.result.modality: one for one in found if one.result.scores}
    if scored:
        parts.append("\n".join(_verdict(scored, declared)))
        parts.append(_table(list(scored.values())))
    parts += [
        f"{one.result.modality}: FAILED\n{one.result.failure.reason}" for one in found if one.result.failure is not None
    ]
    parts += [told for one in found if (told := _served(one.result))]
    return "\n\n".join([*parts, "\n".join(str(one.root) for one in found)])


def _verdict(scored: Mapping[Modality, Bundle], declared: Sequence[Modality]) -> list[str]:
    """Return the sentences on this run, from it and from the results beside it in the results folder."""
    from harness.report import loading, study
    from harness.run.judging import SCORING_KEY
    from harness.statistics.verdict import verdict

    group = loading.own_modalities(scored[study.head_modality(scored)])
    modality = study.head_modality(group)
    peers = {other.result.submission.name: {modality: other} for other in loading.beside(group[modality])}
    name = group[modality].result.submission.name
    known = study.evidence({**peers, name: group}, name, SCORING_KEY)
    said = verdict(replace(known, advice=_advice(known, group, declared)))
    return [f"{modality}: {said[0].text}", *(sentence.text for sentence in said[1:])]


def _advice(known: Evidence, group: Mapping[Modality, Bundle], declared: Sequence[Modality]) -> str:
    """Return the next step that would show most."""
    result = next(iter(group.values())).result
    for modality in (Modality.VISION_TEXT, Modality.TEXT, Modality.VISION):
        if known.pictures is None and known.text is None and modality in declared and modality not in group:
            return f"the same command with --modality {modality} shows what the other modality adds."
    if not result.isolation.isolated:
        return "evaluate it with --sandbox docker; the board ranks isolated runs alone."
    if not known.simple and result.submission.kind != "control":
        return "evaluate submissions/headline_length on the same set, to compare with a simple row."
    folder = next(iter(group.values())).root.parents[2]
    return f"`wikiorder analyze {shlex.quote(str(folder))}` writes the report: every category, with figures."


def _table(scored: Sequence[Bundle]) -> str:
    """Return one row per scored result."""
    from tabulate import tabulate

    headers = ["modality", "macro, %", "95 % interval", "lowest category", "pairs/s"]
    rows = [
        [found.result.modality.value, *_accuracies(found.result.scores.accuracy), _speed(found)]
        for found in scored
        if found.result.scores
    ]
    return tabulate(rows, headers=headers, disable_numparse=True)


def _accuracies(accuracy: Accuracy) -> list[str]:
    from harness.statistics import verdict

    name, lowest = min(accuracy.categories.items(), key=lambda item: item[1].value)
    macro = accuracy.macro
    return [
        f"{100 * macro.value:.1f}",
        verdict.between(macro),
        f"{verdict.shortened(name)} {100 * lowest.value:.1f}",
    ]


def _speed(found: Bundle) -> str:
    speed = found.timings.pairs_per_s
    return f"{speed:.0f}" if isinstance(speed, float) else ""


def _served(result: Result) -> str:
    """Return one line on the answers of a served model; nothing for a program."""
    served = result.served
    if not served:
        return ""
    read = served.answers
    return (
        f"{read.log_probabilities} answers read from log-probabilities, {read.text} from the text, "
        f"{read.unreadable} unreadable and {read.refused} refused (0.5 each); "
        f"{served.prompt_tokens + served.completion_tokens} tokens; questions went to: {served.destination}"
    )


class Progress:
    """Show one line with rate and ETA on a terminal; nothing otherwise."""

    def __init__(self, name: str, spent: Callable[[], str] | None = None) -> None:
        """Begin the line. spent: returns tokens and cost so far, of a served model."""
        from tqdm import tqdm

        self._spent = spent
        self._bar = tqdm(desc=name, unit=" pairs", disable=None, leave=False, dynamic_ncols=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, phase: str, done: int, total: int) -> None:
        if total and self._bar.total != total:
            self._bar.reset(total)
        self._bar.set_postfix_str(f"{phase}, {self._spent()}" if self._spent else phase, refresh=False)
        self._bar.update(done - self._bar.n)
