"""`wikiorder leaderboard`: build the board from result bundles, and check that it is up to date."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.evaluate import SAMPLE, SANDBOXES, evaluate
from harness.contract import files
from harness.errors import HarnessError
from harness.records import Modality

if TYPE_CHECKING:
    from harness.contract.frozen_set import FrozenSet
    from harness.records import GroundTruth

RESULTS = Path("leaderboard/results")
SHOWN = 12  # lines of a difference that `check` shows for each file

results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    show_default=True,
    help="Folder of result bundles, as `wikiorder evaluate` writes them.",
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the board [default: the folder that holds RESULTS].",
)

key_option = click.option("--key-file", type=click.Path(path_type=Path), help="The release key, for a hidden set.")


@click.group()
def leaderboard() -> None:
    """Regenerate the board from result bundles.

    \b
    wikiorder leaderboard build
    wikiorder leaderboard check
    wikiorder leaderboard add BUNDLE
    """


@leaderboard.command()
@results_option
@out_option
def build(results: Path, out: Path | None) -> None:
    """Write LEADERBOARD.md, index.html and leaderboard.json: the same bytes for the same bundles, on any machine.

    A board with `trusted_keys` also puts its headline tables into the README.md above its folder, between the
    board's markers.

    \b
    wikiorder leaderboard build
    wikiorder leaderboard build --results results --out results
    """
    folder = out or results.parent
    board = render(results, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in board.items():
        files.write(path, content.encode())
    click.echo(f"board: {folder / 'index.html'}")


@leaderboard.command()
@results_option
@out_option
def check(results: Path, out: Path | None) -> None:
    """Exit 1 if the board is not what the bundles say, and show what would change.

    \b
    wikiorder leaderboard check
    """
    folder = out or results.parent
    drifted = [path.name for path, content in render(results, folder).items() if drift(path, content)]
    if drifted:
        raise HarnessError(
            f"{folder}: {', '.join(drifted)} not what the bundles in {results} say; "
            "run `wikiorder leaderboard build` and commit what it writes"
        )
    click.echo(f"{folder}: up to date")


@leaderboard.command()
@click.argument("root", type=click.Path(path_type=Path), metavar="BUNDLE")
@results_option
@click.option("--new-set", is_flag=True, help="Open a table for a set that no row is on yet.")
@click.option("--replace", is_flag=True, help="Replace the bundle of the same run.")
def add(root: Path, results: Path, new_set: bool, replace: bool) -> None:
    """File BUNDLE in the board's record, unless something speaks against it.

    Refused are bundles that are not whole, not isolated, not signed by a key in `trusted_keys` beside RESULTS, on
    another set than the board's, or whose numbers do not follow from their counts.

    \b
    wikiorder leaderboard add results/clip/wikiorder-v1-1.0-test/vision
    """
    from leaderboard import filing

    click.echo(f"filed: {filing.add(root, results, new_set, replace)}; now run `wikiorder leaderboard build`")


@leaderboard.command("from-predictions")
@click.argument("predictions", type=click.Path(path_type=Path), metavar="JSONL")
@click.argument("submission", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The frozen set that was answered.")
@click.option("--modality", required=True, type=click.Choice([m.value for m in Modality]))
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
@key_option
def from_predictions(
    predictions: Path, submission: Path, data: Path, modality: str, results: Path, key_file: Path | None
) -> None:
    """Make a bundle of probabilities alone: a {"pair_id", "p_in_order"} a line. It is scored, shown, and not ranked.

    SUBMISSION is a folder with a submission.toml, which says whose they are.

    \b
    wikiorder leaderboard from-predictions answers.jsonl submissions/mine --data SET/test --modality text
    """
    from harness.contract import frozen_set
    from harness.contract import submission as folders
    from leaderboard import predictions as track

    frozen = frozen_set.load(data)
    found = track.read(predictions, frozen)
    canaries = secret(frozen, key_file)
    click.echo(track.write(results, folders.load(submission), frozen, canaries, Modality(modality), found))


@leaderboard.command()
@click.option("--old", required=True, type=click.Path(path_type=Path), help="The set as it was asked.")
@click.option("--new", required=True, type=click.Path(path_type=Path), help="Its corrected version.")
@results_option
@key_option
def erratum(old: Path, new: Path, results: Path, key_file: Path | None) -> None:
    """Score every stored answer under a corrected version of a set, and show what moves. No model is run.

    \b
    wikiorder leaderboard erratum --old sets/wikiorder-1.0/test --new sets/wikiorder-1.1/test
    """
    from harness.contract import frozen_set
    from leaderboard import erratum as errata
    from leaderboard.board import document
    from leaderboard.collect import collect

    was, now = frozen_set.load(old), frozen_set.load(new)
    for root in errata.rescore_all(results, was, now, secret(now, key_file)):
        click.echo(f"{root}: to be signed")
    tables = {table["set"]["digest"]: table for table in document(collect(results))["tables"]}
    path = results.parent / f"erratum-{now.manifest.name}-{was.manifest.version}-{now.manifest.version}.md"
    report = errata.report(tables[was.digest], tables[now.digest], *errata.corrected(was, now))
    files.write(path, report.encode())
    click.echo(f"{path}\n\n{report}")


@leaderboard.command()
@click.argument("root", type=click.Path(path_type=Path), metavar="BUNDLE")
def card(root: Path) -> None:
    """Print BUNDLE as `model-index` metadata, to paste at the head of a Hugging Face model card.

    \b
    wikiorder leaderboard card results/clip/wikiorder-v1-1.0-test/vision
    """
    from harness.contract import bundle
    from leaderboard import card as cards

    click.echo(cards.card(bundle.read(root)), nl=False)


@leaderboard.command()
@results_option
@click.option("--out", type=click.Path(path_type=Path), help="Write what was found here, too.")
@click.option("--data", type=click.Path(path_type=Path), help="A frozen set. Default: the embedded sample's test set.")
@click.option("--submissions", type=click.Path(path_type=Path), default=Path("submissions"), show_default=True)
@click.option("--week", help="Which row is asked: another each week. Default: this week, such as 2026-W48.")
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
    """Ask one filed row again, and say how far the two runs agree.

    \b
    wikiorder leaderboard rerun
    """
    import tempfile
    from datetime import UTC, datetime

    from harness.contract import bundle, frozen_set
    from leaderboard import rerun as repetition

    frozen = frozen_set.load(data or SAMPLE)
    found = repetition.choose(results, submissions, frozen.digest, week or f"{datetime.now(UTC):%G-W%V}")
    modality = Modality(found.result["modality"])
    name, seed = found.result["submission"]["name"], found.result["seed"]
    with tempfile.TemporaryDirectory(prefix="wikiorder-rerun-") as folder:
        again = {"data": frozen.root, "modalities": (modality.value,), "kind": kind, "seed": seed}
        context.invoke(evaluate, folder=submissions / name, results=Path(folder), weights=None, probes=0, **again)
        repeated = bundle.read(bundle.folder(Path(folder), name, frozen, modality))
        text = repetition.agreement(found, repeated)
    click.echo(f"\n{text}", nl=False)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        files.write(out, text.encode())


def secret(frozen: FrozenSet, key_file: Path | None) -> dict[str, GroundTruth]:
    """The canaries of a hidden set; none of a public one."""
    from harness.contract import release

    return release.secret(frozen, release.read_key(key_file) if key_file else None)


def render(results: Path, folder: Path) -> dict[Path, str]:
    """The board's files; of one with trusted keys, also the readme above its folder if that has the board's markers."""
    from leaderboard.board import document
    from leaderboard.collect import collect
    from leaderboard.markdown import BEGIN, excerpt, markdown
    from leaderboard.page import page
    from leaderboard.policy import TRUSTED
    from leaderboard.reported import reported

    board = document(collect(results), reported())
    found = {"LEADERBOARD.md": markdown(board), "index.html": page(board), "leaderboard.json": files.json_page(board)}
    readme = folder.resolve().parent / "README.md"
    public = (folder / TRUSTED).is_file() and readme.is_file()  # a private board is nobody's readme's business
    text = readme.read_text(encoding="utf-8") if public else ""
    with_board = {readme: excerpt(board, text)} if BEGIN in text else {}
    return {folder / name: content for name, content in found.items()} | with_board


def drift(path: Path, wanted: str) -> bool:
    """Does the file differ from what is wanted? If so, show where."""
    found = path.read_text(encoding="utf-8") if path.is_file() else ""
    if found == wanted:
        return False
    lines = difflib.unified_diff(found.splitlines(), wanted.splitlines(), str(path), "rebuilt", lineterm="", n=0)
    for _, line in zip(range(SHOWN), lines, strict=False):
        click.echo(line[:160])
    return True
